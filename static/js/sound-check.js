/** The welcome page: noise to set the volume by, once. */

import { SAMPLE_RATE_HZ, linear } from "./engine.js";
import { pinkNoise } from "./noise.js";
import { storedVolumeDb, volumeControl } from "./volume.js";

const button = document.querySelector("#noise");
const label = button.querySelector(".noise-label");
let playing = null;

function start() {
  const context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ });
  const volume = new GainNode(context, { gain: linear(storedVolumeDb()) });
  const source = new AudioBufferSourceNode(context, { buffer: pinkNoise(context), loop: true });
  source.connect(volume).connect(context.destination);
  source.start();
  playing = { context, volume };
}

function stop() {
  playing.context.close();
  playing = null;
}

button.addEventListener("click", () => {
  if (playing) stop();
  else start();
  button.setAttribute("aria-pressed", playing !== null);
  label.textContent = playing ? button.dataset.stop : button.dataset.play;
});
volumeControl(document.querySelector("#volume"), (volume_db) => {
  playing?.volume.gain.setTargetAtTime(linear(volume_db), playing.context.currentTime, 0.02);
});
// Until here a click would be lost.
button.disabled = false;
