/** A song's page: the window of a new excerpt, dragged or moved by keys, and hearing what is in it. */

import { STEMS } from "../engine.js";
import { Player, playButton } from "./player.js";
import { clock, fetchStems, readJson } from "./stems.js";

const SHORTEST_S = 10;
const LONGEST_S = 30;
const STEP_S = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -5, PageUp: 5 };

const find = (id) => document.getElementById(id);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const tenths = (seconds) => Math.round(seconds * 10) / 10;

class ExcerptWindow {
  constructor(duration_s, onChange) {
    Object.assign(this, { duration_s, onChange });
    this.shortest_s = Math.min(SHORTEST_S, duration_s);
    this.fields = { start: find("id_start_s"), length: find("id_duration_s") };
    this.grips = { move: find("grip-move"), start: find("grip-start"), end: find("grip-end") };
    this.read();
    for (const field of Object.values(this.fields)) field.addEventListener("input", () => this.read());
    for (const [name, grip] of Object.entries(this.grips)) {
      grip.hidden = false;
      grip.addEventListener("keydown", (event) => this.key(name, event));
      grip.addEventListener("pointerdown", (event) => this.drag(name, grip, event));
    }
  }

  read() {
    const [start, length] = [this.fields.start, this.fields.length].map((field) => Number(field.value));
    if (!Number.isFinite(start) || !Number.isFinite(length)) return;
    this.start_s = clamp(start, 0, this.duration_s);
    this.end_s = clamp(start + length, this.start_s, this.duration_s);
    this.show();
  }

  set(start_s, end_s) {
    [this.start_s, this.end_s] = [tenths(start_s), tenths(end_s)];
    this.fields.start.value = this.start_s.toFixed(1);
    this.fields.length.value = (this.end_s - this.start_s).toFixed(1);
    this.show();
  }

  /** Take one grip to a time; the window stays within the song and within 10 to 30 s. */
  pull(name, to_s) {
    const { start_s, end_s, duration_s, shortest_s } = this;
    if (name === "move") {
      const start = clamp(to_s, 0, duration_s - (end_s - start_s));
      this.set(start, start + end_s - start_s);
    } else if (name === "start") {
      this.set(clamp(to_s, Math.max(0, end_s - LONGEST_S), end_s - shortest_s), end_s);
    } else {
      this.set(start_s, clamp(to_s, start_s + shortest_s, Math.min(duration_s, start_s + LONGEST_S)));
    }
  }

  held(name) {
    return name === "end" ? this.end_s : this.start_s;
  }

  key(name, event) {
    const steps = { ...STEP_S, Home: -this.duration_s, End: this.duration_s };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.pull(name, this.held(name) + step * (event.shiftKey && Math.abs(step) < 1 ? 10 : 1));
  }

  drag(name, grip, event) {
    if (event.button !== 0) return;
    event.preventDefault();
    grip.focus({ preventScroll: true });
    grip.setPointerCapture(event.pointerId);
    const perPixel_s = this.duration_s / find("overlay").getBoundingClientRect().width;
    const [from_x, from_s] = [event.clientX, this.held(name)];
    const move = (now) => this.pull(name, from_s + (now.clientX - from_x) * perPixel_s);
    grip.addEventListener("pointermove", move);
    const end = () => grip.removeEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", end, { once: true });
  }

  show() {
    const { start_s, end_s, duration_s } = this;
    const percent = (seconds) => `${(100 * seconds) / duration_s}%`;
    find("new-window").setAttribute("x", percent(start_s));
    find("new-window").setAttribute("width", percent(end_s - start_s));
    Object.assign(this.grips.move.style, { left: percent(start_s), width: percent(end_s - start_s) });
    this.grips.start.style.left = percent(start_s);
    this.grips.end.style.left = percent(end_s);
    for (const [name, grip] of Object.entries(this.grips)) {
      grip.setAttribute("aria-valuemin", 0);
      grip.setAttribute("aria-valuemax", duration_s.toFixed(1));
      grip.setAttribute("aria-valuenow", this.held(name).toFixed(1));
      grip.setAttribute("aria-valuetext", `${clock(start_s)} – ${clock(end_s)}`);
    }
    this.onChange();
  }
}

function withStretch(url, start_s, duration_s) {
  return url === null ? null : `${url}?start_s=${start_s}&duration_s=${duration_s}`;
}

const given = readJson("player");
const playhead = find("playhead");
let heard = null; // the stretch that is loaded

const player = new Player({
  load: () => {
    heard = { start_s: excerptWindow.start_s, length_s: tenths(excerptWindow.end_s - excerptWindow.start_s) };
    const urls = STEMS.map((role) => [role, withStretch(given.stems[role], heard.start_s, heard.length_s)]);
    return fetchStems(Object.fromEntries(urls));
  },
  gains_db: Object.fromEntries(STEMS.map((role) => [role, given.gain_db])),
  onState: playButton(find("play"), find("play-state")),
});

const excerptWindow = new ExcerptWindow(given.duration_s, () => {
  if (heard) player.forget();
  heard = null;
});

function drawPlayhead() {
  const isShown = player.isPlaying && heard !== null;
  playhead.setAttribute("visibility", isShown ? "visible" : "hidden");
  if (!isShown) return;
  const x = `${(100 * (heard.start_s + player.position())) / given.duration_s}%`;
  playhead.setAttribute("x1", x);
  playhead.setAttribute("x2", x);
  requestAnimationFrame(drawPlayhead);
}

find("transport").hidden = false;
find("play").addEventListener("click", async () => {
  await player.toggle();
  drawPlayhead();
});

// The list of excerpts is swapped while a job runs: listen above it.
document.addEventListener("click", (event) => {
  const pick = event.target.closest("a.pick");
  if (!pick) return;
  const start_s = Number(pick.dataset.start);
  excerptWindow.set(start_s, Math.min(given.duration_s, start_s + Number(pick.dataset.duration)));
  find("id_replaces").value = pick.dataset.key;
});
