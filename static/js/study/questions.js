/**
 * The questions of a trial as they stand in the page. Each has a key, a value (null: no answer yet; nothing counts until
 * it is touched), show(value), missing() (the element to go to, or null) and lock().
 */

import { Lanes } from "./lanes.js";
import { Ranking } from "./ranking.js";

/** One of several, by radio buttons: a choice, or a number on a short scale. */
class Radios {
  constructor(root, onChange) {
    this.inputs = [...root.querySelectorAll("input[type=radio]")];
    this.isNumber = root.dataset.kind === "scale";
    for (const input of this.inputs) input.addEventListener("change", onChange);
  }

  get value() {
    const chosen = this.inputs.find((input) => input.checked);
    if (!chosen) return null;
    return this.isNumber ? Number(chosen.value) : chosen.value;
  }

  show(value) {
    for (const input of this.inputs) {
      input.checked = value !== null && (this.isNumber ? Number(input.value) === value : input.value === value);
    }
  }

  missing() {
    return this.value === null ? this.inputs[0] : null;
  }

  lock() {
    for (const input of this.inputs) input.disabled = true;
  }
}

/** A number for each letter, by radio buttons. */
class LetterRadios {
  constructor(root, onChange) {
    const groups = [...root.querySelectorAll("[data-group]")];
    this.groups = groups.map((group) => [group.dataset.group, new Radios(group, onChange)]);
  }

  get value() {
    const given = this.groups.map(([letter, radios]) => [letter, radios.value]).filter(([, value]) => value !== null);
    return given.length ? Object.fromEntries(given) : null;
  }

  show(value) {
    for (const [letter, radios] of this.groups) radios.show(value?.[letter] ?? null);
  }

  missing() {
    return this.groups.map(([, radios]) => radios.missing()).find(Boolean) ?? null;
  }

  lock() {
    for (const [, radios] of this.groups) radios.lock();
  }
}

class Words {
  constructor(root, onChange) {
    this.area = root.querySelector("textarea");
    this.area.addEventListener("input", onChange);
  }

  get value() {
    return this.area.value === "" ? null : this.area.value;
  }

  show(value) {
    this.area.value = value ?? "";
  }

  missing() {
    return this.area.value.trim() === "" ? this.area : null;
  }

  lock() {
    this.area.readOnly = true;
  }
}

const WIDGETS = { radios: Radios, "letter-radios": LetterRadios, lanes: Lanes, ranking: Ranking, words: Words };

export class Questions {
  /** @param asked the questions as the server gave them; on {changed(), touched(letter)} */
  constructor(asked, texts, on) {
    this.texts = texts;
    this.asked = asked.map((question) => {
      const root = document.querySelector(`[data-question="${question.key}"]`);
      const onChange = () => {
        this.clear(root);
        on.changed();
      };
      const Widget = WIDGETS[root.dataset.widget];
      return { ...question, root, widget: new Widget(root, onChange, { texts, question, touched: on.touched }) };
    });
  }

  /** {key: value}, without what has no answer yet. */
  values() {
    const given = this.asked.map(({ key, widget }) => [key, widget.value]).filter(([, value]) => value !== null);
    return Object.fromEntries(given);
  }

  show(values) {
    for (const { key, widget } of this.asked) widget.show(values[key] ?? null);
  }

  /** Mark what still needs an answer; the first of them, or null. */
  firstMissing() {
    const open = this.asked.filter(({ required, widget }) => required && widget.missing() !== null);
    for (const { root } of open) {
      root.classList.add("missing");
      root.querySelector(".question-missing").textContent = this.texts.answer_needed;
    }
    return open[0] ?? null;
  }

  clear(root) {
    root.classList.remove("missing");
    root.querySelector(".question-missing").textContent = "";
  }

  isAnswered(key) {
    return this.asked.find((one) => one.key === key).widget.missing() === null;
  }

  lock() {
    for (const { root, widget } of this.asked) {
      root.classList.add("locked");
      widget.lock();
    }
  }
}
