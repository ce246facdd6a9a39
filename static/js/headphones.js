/** The headphone check: three sounds, one answer, six times. Nothing says whether an answer was right. */

import { SAMPLE_RATE_HZ, linear } from "./engine.js";
import { storedVolumeDb } from "./volume.js";

const INTERVALS_S = [0, 1.5, 3]; // one second each, half a second between
const INTERVAL_S = 1;

const form = document.querySelector("#check");
const play = document.querySelector("#play");
const buttons = [...document.querySelectorAll("#choices button")];
const progress = document.querySelector("#check-progress");
const place = document.querySelector("#check-place");
const failed = document.querySelector("#check-failed");
const urls = JSON.parse(document.getElementById("sounds").textContent);
const answers = [];
const loaded = new Map();
let context = null;
let source = null;
let hasHeard = false;

/** Decoding needs no gesture, so the next sound is there before it is asked for. */
function load(trial) {
  if (trial >= urls.length) return null;
  if (!loaded.has(trial)) {
    const decoder = new OfflineAudioContext(2, 1, SAMPLE_RATE_HZ);
    const sound = fetch(urls[trial]).then(async (answer) => {
      if (!answer.ok) throw new Error(`${answer.status}`);
      return decoder.decodeAudioData(await answer.arrayBuffer());
    });
    sound.catch(() => loaded.delete(trial));
    loaded.set(trial, sound);
  }
  return loaded.get(trial);
}

function allowAnswers(isAllowed) {
  for (const button of buttons) button.disabled = !isAllowed;
}

async function listen() {
  if (source) return;
  play.setAttribute("aria-disabled", "true");
  let buffer;
  try {
    buffer = await load(answers.length);
    failed.hidden = true;
  } catch {
    failed.hidden = false;
    play.removeAttribute("aria-disabled");
    return;
  }
  context ??= new AudioContext({ sampleRate: SAMPLE_RATE_HZ });
  await context.resume();
  const volume = new GainNode(context, { gain: linear(storedVolumeDb()) });
  source = new AudioBufferSourceNode(context, { buffer });
  source.connect(volume).connect(context.destination);
  const started_s = context.currentTime;
  source.start();
  const light = () => {
    const at_s = context.currentTime - started_s;
    buttons.forEach((button, i) => {
      button.classList.toggle("sounding", at_s >= INTERVALS_S[i] && at_s < INTERVALS_S[i] + INTERVAL_S);
    });
    if (source) requestAnimationFrame(light);
  };
  source.onended = () => {
    source = null;
    hasHeard = true;
    light();
    play.removeAttribute("aria-disabled");
    allowAnswers(true);
    load(answers.length + 1);
    buttons[0].focus();
  };
  light();
}

function answer(choice) {
  if (!hasHeard || source) return;
  answers.push(choice);
  hasHeard = false;
  allowAnswers(false);
  progress.value = answers.length;
  if (answers.length === urls.length) {
    form.answers.value = answers.join(",");
    form.submit();
    return;
  }
  place.textContent = place.dataset.form.replace("%s", answers.length + 1);
  play.focus();
  listen();
}

play.addEventListener("click", listen);
buttons.forEach((button, i) => button.addEventListener("click", () => answer(i + 1)));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (["1", "2", "3"].includes(event.key)) answer(Number(event.key));
});
load(0);
// Until here a click would be lost.
play.disabled = false;
