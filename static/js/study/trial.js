/** A trial's page: puts sound, questions, the listening rule and the saves together. */

import { listenToKeys, playbackKeys } from "../keys.js";
import { SaveQueue, addListened, resendLeftovers } from "../save-queue.js";
import { Answer } from "./answer.js";
import { Gate } from "./gate.js";
import { Questions } from "./questions.js";
import { Sound } from "./sound.js";
import { Tabs } from "./tabs.js";

const find = (selector) => document.querySelector(selector);
const readJson = (id) => JSON.parse(document.getElementById(id).textContent);

const SAVE_LISTENING_MS = 10000;
const RESEND_EVERY_MS = 30000;
const RESEND_WAIT_MS = 1500;

class TrialPage {
  constructor(trial, texts, csrfToken) {
    Object.assign(this, { trial, texts, csrfToken });
    this.savedListening_ms = performance.now();
  }

  async start() {
    const { trial, texts, csrfToken } = this;
    const leftovers = {};
    await Promise.race([resendLeftovers(csrfToken, leftovers), after(RESEND_WAIT_MS)]);
    const kept = leftovers[trial.save_url];
    const touched = (letter) => this.hear(letter);
    this.questions = new Questions(trial.questions, texts, { changed: () => this.changed(), touched });
    this.questions.show(standing(trial, kept));
    this.gate = new Gate(trial.listening, addListened(trial.listened_s, kept?.listened_s ?? {}), texts);
    this.queue = new SaveQueue({
      url: trial.save_url,
      page: trial.page,
      csrfToken,
      name: "draft",
      state: this.draft(),
      nothing_s: {},
      onState: (state, message, status) => this.answer.showState(state, message, status),
      onAnswer: (answer, batch) => this.answer.taken(answer, batch),
    });
    this.answer = new Answer(this);
    this.tabs = find("#tabs") ? new Tabs(find("#tabs"), texts) : null;
    this.showTabs();
    this.sound = new Sound(trial, texts, {
      note: (event) => this.queue.note(event, this.draft()),
      listened: (seconds, name) => this.listened(seconds, name),
      switched: (name) => this.showHeard(name),
    });
    const submitted = kept?.submitted ?? this.given();
    if (submitted) this.answer.showSubmitted(submitted);
    this.listen();
    await this.sound.load();
  }

  /** What this page was given as submitted already. */
  given() {
    const { answers, next_url, feedback } = this.trial;
    return answers === null ? null : { next: next_url, feedback };
  }

  listen() {
    const note = (kind) => this.queue.note({ kind }, this.draft());
    document.addEventListener("visibilitychange", () => note(document.hidden ? "hidden" : "visible"));
    addEventListener("blur", () => note("blur"));
    addEventListener("focus", () => note("focus"));
    setInterval(() => resendLeftovers(this.csrfToken), RESEND_EVERY_MS);
    find("#open-help").addEventListener("click", () => find("#help").showModal());
    const { waveform } = this.sound;
    const playback = {
      loopStart: () => waveform.setLoop(waveform.moveEdge(0, waveform.position_s)),
      loopEnd: () => waveform.setLoop(waveform.moveEdge(1, waveform.position_s)),
      seek: (seconds) => this.sound.seek(waveform.position_s + seconds),
    };
    const keys = { ...playbackKeys(playback), x: () => waveform.setLoop(null), ...this.soundKeys() };
    const actions = { play: () => this.sound.playOrPause(), submit: () => this.answer.submit() };
    listenToKeys(actions, keys, find("#help"), { plainEnter: true });
  }

  /** Digits go through the sounds as they stand; letters and P, R name one. */
  soundKeys() {
    const keys = {};
    this.sound.names.forEach((name, i) => {
      if (i < 9) keys[i + 1] = () => this.switchTo(name);
    });
    for (const letter of this.trial.letters) {
      const name = this.soundOf(letter);
      if (name) keys[letter.toLowerCase()] = () => this.switchTo(name);
    }
    for (const name of ["problem", "reference"]) {
      if (this.sound.names.includes(name)) keys[name[0]] = () => this.switchTo(name);
    }
    return keys;
  }

  soundOf(letter) {
    return [letter, `after ${letter}`].find((name) => name in this.trial.sounds);
  }

  switchTo(name) {
    this.sound.switchTo(name);
    for (const { widget } of this.questions.asked) widget.follow?.(name);
  }

  /** Somebody touched what stands for a mix. */
  hear(letter) {
    if (letter in this.trial.sounds) this.sound.switchTo(letter);
  }

  showHeard(name) {
    for (const element of document.querySelectorAll("[data-letter]")) {
      element.classList.toggle("heard", this.soundOf(element.dataset.letter) === name);
    }
  }

  listened(seconds, name) {
    this.queue.listened(seconds, name);
    this.gate.listened(seconds, name);
    if (!this.gate.missing().length) this.answer.heardEnough();
    if (performance.now() - this.savedListening_ms < SAVE_LISTENING_MS) return;
    this.savedListening_ms = performance.now();
    this.queue.changed(this.draft());
  }

  draft() {
    return this.answer?.isLocked ? {} : this.questions.values();
  }

  changed() {
    this.queue.changed(this.draft());
    this.answer.touched();
    this.showTabs();
  }

  showTabs() {
    this.tabs?.show((key) => this.questions.isAnswered(key));
  }

  /** Bring a question into sight. */
  open(question) {
    this.tabs?.open(question.key);
  }
}

/** The answers to begin with: what this device kept unsent, else the draft, else what was submitted. */
function standing(trial, kept) {
  if (kept?.isLatest && Object.keys(kept.state).length) return kept.state;
  return Object.keys(trial.draft).length ? trial.draft : (trial.answers ?? {});
}

function after(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

new TrialPage(readJson("trial"), readJson("texts"), find("#answer [name=csrfmiddlewaretoken]").value).start();
