/**
 * Hearing advice: the stems as they stand, and as they would stand after a system's advice, at one loudness. Applying
 * puts a system's balance in the place of the present one; undo goes back step by step.
 */

import { Player, playButton } from "../pages/player.js";
import { fetchStems, readJson, takesKeys } from "../pages/stems.js";
import { levelled } from "../pages/versions.js";
import { letterSwitch } from "./letters.js";

const START = "";
const given = readJson("player");
const versions = [
  { id: START, gains_db: given.start_db },
  ...given.systems.map(({ name, balance_db }) => ({ id: name, gains_db: balance_db })),
];
const gains = levelled({ ...given, versions });
const titles = Object.fromEntries(given.systems.map(({ name, title }) => [name, title]));
const panel = document.getElementById("listen");
const [before, after, undo, applied] = ["before", "after", "undo", "applied"].map((id) => document.getElementById(id));
const history = [START];
let hearsBefore = false;

const present = () => history[history.length - 1];

const player = new Player({
  load: () => fetchStems(given.stems),
  gains_db: gains[START],
  onState: playButton(document.getElementById("play"), document.getElementById("play-state")),
});

function show() {
  player.switchTo(gains[hearsBefore ? START : present()]);
  before.setAttribute("aria-pressed", hearsBefore);
  after.setAttribute("aria-pressed", !hearsBefore);
  undo.disabled = history.length === 1;
  const name = present();
  applied.textContent = name === START ? applied.dataset.none : `${applied.dataset.some} ${titles[name]}`;
  for (const card of document.querySelectorAll("[data-system]")) {
    card.classList.toggle("applied", card.dataset.system === name);
  }
}

function hear(isBefore) {
  hearsBefore = isBefore;
  show();
}

function apply(name) {
  if (present() !== name) history.push(name);
  hear(false);
}

function stepBack() {
  if (history.length > 1) history.pop();
  hear(false);
}

document.getElementById("play").addEventListener("click", () => player.toggle());
before.addEventListener("click", () => hear(true));
after.addEventListener("click", () => hear(false));
undo.addEventListener("click", stepBack);
for (const button of document.querySelectorAll("[data-apply]")) {
  button.hidden = false;
  button.addEventListener("click", () => apply(button.dataset.apply));
}
panel.hidden = false;
show();

const letters = letterSwitch(document.getElementById("single-keys"));
const actions = { " ": () => player.toggle(), b: () => hear(!hearsBefore), u: stepBack };
given.systems.slice(0, 9).forEach(({ name }, i) => {
  actions[String(i + 1)] = () => apply(name);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || takesKeys(event.target)) return;
  if (event.key === " " && event.target.matches("button, a, summary, input")) return;
  const action = actions[event.key.toLowerCase()];
  if (!action || (event.key !== " " && !letters.checked)) return;
  event.preventDefault();
  action();
});
