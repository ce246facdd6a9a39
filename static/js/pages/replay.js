/** Watch and hear an annotation's moves: the desk's own graph on the stems as imported, moved as they were moved. */

import { SAMPLE_RATE_HZ, STEMS, buildGraph } from "../engine.js";
import { compensationDb, peakBoundDb, unpackGram, unpackPeaks } from "../loudness.js";
import { storedVolumeDb } from "../volume.js";
import { playButton } from "./player.js";
import { apply, beginning, stateAt, wait } from "./replay-state.js";
import { clock, fetchStems, readJson, takesKeys } from "./stems.js";

const TICK_MS = 30;
const QUICK = 4;

const find = (id) => document.getElementById(id);

/** Faders stood on served stems, the stems here are as imported: the sum is what was heard. */
function heard(faders_db, served_gain_db) {
  const sum = (role) =>
    faders_db[role] === null || served_gain_db[role] === null ? null : faders_db[role] + served_gain_db[role];
  return Object.fromEntries(STEMS.map((role) => [role, sum(role)]));
}

class Replay {
  constructor(given) {
    this.given = given;
    this.moments = given.timeline.moments;
    this.duration_s = given.timeline.duration_s;
    this.begin = () => beginning(given.start_db, given.duration_s);
    this.graph = null;
    this.timer = null;
    this.plots = [...document.querySelectorAll(".lane-plot")];
    this.values = [...document.querySelectorAll("[data-value]")];
    this.onState = playButton(find("play"), find("play-state"));
    this.go(0);
  }

  get isRunning() {
    return this.timer !== null;
  }

  async toggle() {
    if (this.isRunning) this.stop();
    else await this.run();
  }

  async run() {
    if (!this.graph && !(await this.makeGraph())) return;
    await this.graph.context.resume();
    if (this.at_s >= this.duration_s) this.go(0);
    this.match();
    this.ticked_ms = performance.now();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.onState("playing");
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.graph.pause();
    this.onState("paused");
  }

  async makeGraph() {
    this.onState("loading");
    const { given } = this;
    const gram = unpackGram(given.gram, given.n_hops);
    const peaks = unpackPeaks(given.peaks, given.n_peaks);
    const inOrder = (gains_db) => STEMS.map((role) => gains_db[role]);
    const level = { target_lufs: given.target_lufs, ceiling_db: given.ceiling_dbfs };
    try {
      const buffers = await fetchStems(given.stems);
      const start_db = heard(given.start_db, given.served_gain_db);
      this.graph = buildGraph(new AudioContext({ sampleRate: SAMPLE_RATE_HZ }), buffers, {
        start_db,
        faders_db: start_db,
        hold: true,
        mute: [],
        solo: [],
        loop: null,
        volume_db: storedVolumeDb(),
        ceiling_db: given.ceiling_dbfs,
        boundDb: (gains_db) => peakBoundDb(peaks, inOrder(gains_db)),
        compensationDb: (gains_db) => compensationDb({ gram, peaks, faders_db: inOrder(gains_db), ...level }),
      });
      return true;
    } catch {
      this.onState("failed");
      return false;
    }
  }

  /** Jump to a time of the replay. */
  go(at_s) {
    this.at_s = Math.min(Math.max(at_s, 0), this.duration_s);
    Object.assign(this, stateAt(this.moments, this.begin, this.at_s));
    if (this.isRunning) this.match();
    this.draw();
  }

  /** Bring the sound to where the desk stood. */
  match() {
    const { graph, state, given } = this;
    graph.move(heard(state.faders_db, given.served_gain_db), state.hold);
    graph.gate(state.mute, state.solo);
    graph.compare(state.side);
    graph.setRegion(state.loop);
    graph.seek(state.position_s);
    if (state.playing) graph.play();
    else graph.pause();
  }

  tick() {
    const now_ms = performance.now();
    const isQuick = find("quick").checked && !this.state.playing;
    this.at_s = Math.min(this.at_s + ((now_ms - this.ticked_ms) / 1000) * (isQuick ? QUICK : 1), this.duration_s);
    this.ticked_ms = now_ms;
    while (this.next < this.moments.length && this.moments[this.next].at_s <= this.at_s) {
      apply(this.state, this.moments[this.next]);
      this.sound(this.moments[this.next]);
      this.next += 1;
    }
    wait(this.state, this.at_s);
    this.draw();
    if (this.at_s >= this.duration_s) this.stop();
  }

  /** Make one moment heard. */
  sound({ kind }) {
    const { graph, state, given } = this;
    if (kind === "fader" || kind === "hold") graph.move(heard(state.faders_db, given.served_gain_db), state.hold);
    else if (kind.endsWith("mute") || kind.endsWith("solo")) graph.gate(state.mute, state.solo);
    else if (kind === "ab") graph.compare(state.side);
    else if (kind === "loop") graph.setRegion(state.loop);
    else if (kind === "seek") graph.seek(state.position_s);
    else if (kind === "play" || kind === "pause" || kind === "visit") this.match();
  }

  draw() {
    find("clock").textContent = clock(this.at_s);
    find("seek").value = this.at_s;
    find("seek").setAttribute("aria-valuetext", clock(this.at_s));
    for (const output of this.values) {
      const level_db = this.state.faders_db[output.dataset.value];
      const isSilent = this.given.start_db[output.dataset.value] === null;
      output.textContent = isSilent ? "–" : level_db === null ? output.dataset.off : signed(level_db);
    }
    const lanes = find("cursor").parentElement.getBoundingClientRect();
    const plot = this.plots[0].getBoundingClientRect();
    find("cursor").style.left = `${plot.left - lanes.left + (plot.width * this.at_s) / this.duration_s}px`;
  }
}

function signed(level_db) {
  const text = Math.abs(level_db).toFixed(1);
  return `${text === "0.0" ? "" : level_db < 0 ? "−" : "+"}${text} dB`;
}

const replay = new Replay(readJson("player"));
for (const id of ["transport", "seek-field", "cursor"]) find(id).hidden = false;
replay.draw();
find("play").addEventListener("click", () => replay.toggle());
find("seek").addEventListener("input", (event) => replay.go(Number(event.target.value)));
window.addEventListener("resize", () => replay.draw());

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target)) return;
  const steps_s = { ArrowLeft: -1, ArrowRight: 1 };
  if (event.key === " " && !event.target.matches("button, a, summary, input[type=checkbox]")) {
    event.preventDefault();
    if (!event.repeat) replay.toggle();
  } else if (steps_s[event.key] && !event.target.matches("input")) {
    event.preventDefault();
    replay.go(replay.at_s + steps_s[event.key]);
  }
});
