/** One excerpt's balances: hear each at one loudness, step through the excerpts by keys. */

import { Player, playButton } from "./player.js";
import { fetchStems, readJson, takesKeys } from "./stems.js";
import { levelled } from "./versions.js";

const SWITCH_KEY = "gainsay:single-keys"; // the same switch as on the desk

function listen(given) {
  const panel = document.getElementById("listen");
  const button = document.getElementById("play");
  const choices = [...panel.querySelectorAll("[name=version]")];
  const gains = levelled(given);
  const chosen = () => choices.find((choice) => choice.checked).value;
  const player = new Player({
    load: () => fetchStems(given.stems),
    gains_db: gains[chosen()],
    onState: playButton(button, document.getElementById("play-state")),
  });
  button.addEventListener("click", () => player.toggle());
  panel.addEventListener("change", () => player.switchTo(gains[chosen()]));
  panel.hidden = false;
  const choose = (id) => {
    const choice = choices.find((one) => one.value === id);
    if (!choice) return;
    choice.checked = true;
    choice.focus();
    player.switchTo(gains[id]);
  };
  return { " ": () => player.toggle(), r: () => choose("released"), c: () => choose("consensus") };
}

function follow(rel) {
  document.querySelector(`a[rel=${rel}]`)?.click();
}

/** Single letters get in the way of speech input: they can be switched off. */
function letterSwitch(box) {
  try {
    box.checked = localStorage.getItem(SWITCH_KEY) !== "off";
  } catch {
    box.checked = true;
  }
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(SWITCH_KEY, box.checked ? "on" : "off");
    } catch {
      // holds for this page
    }
  });
  box.closest("label").hidden = false;
  return box;
}

const letters = letterSwitch(document.getElementById("single-keys"));
const given = document.getElementById("player");
const actions = { p: () => follow("prev"), n: () => follow("next"), ...(given ? listen(readJson("player")) : {}) };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || takesKeys(event.target)) return;
  if (event.key === " " && event.target.matches("button, a, summary, input[type=checkbox]")) return;
  const action = actions[event.key.toLowerCase()];
  if (!action || (event.key !== " " && !letters.checked)) return;
  event.preventDefault();
  action();
});
