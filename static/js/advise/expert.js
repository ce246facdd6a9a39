/**
 * An expert's faders: numbers of the form, sliders beside them, and the sound of both at one loudness. What is typed is
 * kept in this browser until it is sent.
 */

import { STEMS } from "../engine.js";
import { Player, playButton } from "../pages/player.js";
import { fetchStems, readJson } from "../pages/stems.js";
import { levelled } from "../pages/versions.js";
import { volumeControl } from "../volume.js";

const given = readJson("desk");
const form = document.getElementById("advice");
const compare = document.getElementById("compare");
const draftKey = `gainsay:expert:${given.task}`;
const numbers = Object.fromEntries([...form.querySelectorAll("[data-stem]")].map((one) => [one.dataset.stem, one]));
const sliders = Object.fromEntries([...form.querySelectorAll("[data-slider]")].map((one) => [one.dataset.slider, one]));
let hearsStart = false;

function value(stem) {
  if (given.stems[stem] === null) return null;
  const level = Number.parseFloat(numbers[stem].value);
  return hearsStart || !Number.isFinite(level) ? 0 : Math.min(24, Math.max(-24, level));
}

function gains() {
  const gains_db = Object.fromEntries(STEMS.map((stem) => [stem, value(stem)]));
  return levelled({ ...given, versions: [{ id: "now", gains_db }] }).now;
}

const player = new Player({
  load: () => fetchStems(given.stems),
  gains_db: gains(),
  onState: playButton(document.getElementById("play"), document.getElementById("play-state")),
});

function remember() {
  const draft = Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken"));
  try {
    localStorage.setItem(draftKey, JSON.stringify(draft));
  } catch {
    // kept as long as the page lives
  }
}

function recall() {
  try {
    const draft = JSON.parse(localStorage.getItem(draftKey) ?? "{}");
    for (const [name, text] of Object.entries(draft)) {
      const field = form.elements.namedItem(name);
      if (field && (field.value === "" || field.value === "0.0" || field.value === "0")) field.value = text;
    }
  } catch {
    // nothing to recall
  }
}

function sound(isStart) {
  hearsStart = isStart;
  compare.setAttribute("aria-pressed", isStart);
  player.switchTo(gains());
}

recall();
for (const [stem, slider] of Object.entries(sliders)) {
  slider.hidden = false;
  slider.value = numbers[stem].value;
  slider.addEventListener("input", () => {
    numbers[stem].value = slider.value;
    sound(false);
    remember();
  });
  numbers[stem].addEventListener("input", () => {
    slider.value = numbers[stem].value;
    sound(false);
  });
}
form.addEventListener("input", remember);
document.getElementById("play").addEventListener("click", () => player.toggle());
compare.addEventListener("click", () => sound(!hearsStart));
volumeControl(document.getElementById("volume"), (volume_db) => player.graph?.setVolume(volume_db));
document.getElementById("listen").hidden = false;
