/**
 * The excerpt's overview: where one sees what comes, clicks to go there, and drags a loop. Each row (a stem) is drawn
 * to its own peak, so that heights say nothing about loudness beside one another.
 *
 * Drag on free ground: a new loop. Drag inside the loop: move it. Drag a handle: one end. Click: go there; outside the
 * loop that also ends the loop. The surface and both handles are sliders for the keyboard.
 */

import { fixed } from "./numbers.js";
import { SHORTEST_LOOP_S } from "./transport.js";

const DRAG_PX = 4;
const STEP_S = 0.1;
const BIG_STEP_S = 1;
const ROW_GAP_PX = 3;

export function unpackBytes(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** "1:04.2" */
export function clock(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  const rest = (tenths % 600) / 10;
  return `${Math.floor(tenths / 600)}:${rest < 10 ? "0" : ""}${fixed(rest, 1)}`;
}

export class Waveform {
  /** @param root .waveform with canvas, .waveform-surface, .loop-region, .loop-handle.start/.end, .playhead
   *  @param options {duration_s, rows: [{values, colour}], loop, texts, onSeek(s), onLoop([s, s] or null)}; values from 0
   *  on, evenly over the excerpt, and the name of a CSS property */
  constructor(root, { duration_s, rows, loop, texts, onSeek, onLoop }) {
    Object.assign(this, { root, duration_s, texts, onSeek, onLoop });
    this.canvas = root.querySelector("canvas");
    this.surface = root.querySelector(".waveform-surface");
    this.regionElement = root.querySelector(".loop-region");
    this.handles = [root.querySelector(".loop-handle.start"), root.querySelector(".loop-handle.end")];
    this.playhead = root.querySelector(".playhead");
    this.setRows(rows);
    this.position_s = 0;
    this.showLoop(loop);
    this.showPosition(0, { isTold: true });
    this.listenToPointer();
    this.listenToKeys();
    new ResizeObserver(() => this.draw()).observe(root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  setRows(rows) {
    this.rows = rows.map(({ values, colour }) => ({ values: toOwnPeak(values), colour }));
    this.draw();
  }

  edges() {
    return this.loop ?? [0, this.duration_s];
  }

  showLoop(loop) {
    this.loop = loop;
    const [start_s, end_s] = this.edges();
    this.root.classList.toggle("has-loop", loop !== null);
    this.root.style.setProperty("--from", (start_s / this.duration_s).toFixed(5));
    this.root.style.setProperty("--to", (end_s / this.duration_s).toFixed(5));
    this.handles.forEach((handle, i) => this.tell(handle, [start_s, end_s][i]));
  }

  /** @param isTold whether a screen reader shall know: not for every frame of playing */
  showPosition(position_s, { isTold = false } = {}) {
    this.position_s = position_s;
    this.playhead.style.setProperty("--at", (position_s / this.duration_s).toFixed(5));
    if (isTold) this.tell(this.surface, position_s);
  }

  tell(slider, seconds) {
    slider.setAttribute("aria-valuemax", this.duration_s.toFixed(1));
    slider.setAttribute("aria-valuenow", seconds.toFixed(1));
    slider.setAttribute("aria-valuetext", this.texts.seconds.replace("%s", fixed(seconds, 1)));
  }

  /** Keep a loop inside the excerpt and long enough; the whole excerpt is no loop. */
  setLoop(loop) {
    const ends = loop && [Math.max(0, loop[0]), Math.min(this.duration_s, loop[1])];
    const isWhole = !ends || (ends[0] < STEP_S / 2 && ends[1] > this.duration_s - STEP_S / 2);
    this.showLoop(isWhole ? null : ends.map((edge) => Math.round(edge * 1000) / 1000));
    this.onLoop(this.loop);
  }

  moveEdge(which, seconds) {
    const edges = [...this.edges()];
    const [low, high] = which === 0 ? [0, edges[1] - SHORTEST_LOOP_S] : [edges[0] + SHORTEST_LOOP_S, this.duration_s];
    edges[which] = Math.min(high, Math.max(low, seconds));
    return edges;
  }

  secondsAt(event) {
    const box = this.root.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * this.duration_s;
  }

  listenToPointer() {
    let drag = null;
    this.root.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest(".loading")) return;
      const edge = this.handles.indexOf(event.target.closest(".loop-handle"));
      const at_s = this.secondsAt(event);
      const isInside = this.loop && at_s >= this.loop[0] && at_s <= this.loop[1];
      drag = { edge, x: event.clientX, at_s, loop: this.loop, isInside, isMoving: edge >= 0 };
      this.root.setPointerCapture(event.pointerId);
      (edge >= 0 ? this.handles[edge] : this.surface).focus({ preventScroll: true });
      event.preventDefault();
    });
    this.root.addEventListener("pointermove", (event) => {
      if (!drag) return;
      drag.isMoving ||= Math.abs(event.clientX - drag.x) > DRAG_PX;
      if (drag.isMoving) this.showLoop(this.dragged(drag, this.secondsAt(event)));
    });
    this.root.addEventListener("pointerup", (event) => {
      if (!drag) return;
      const { isMoving, isInside, at_s } = drag;
      const loop = isMoving ? this.dragged(drag, this.secondsAt(event)) : this.loop;
      drag = null;
      if (isMoving) this.setLoop(loop);
      else {
        if (loop && !isInside) this.setLoop(null);
        this.onSeek(at_s);
      }
    });
    this.root.addEventListener("pointercancel", () => {
      if (drag) this.showLoop(drag.loop);
      drag = null;
    });
  }

  dragged(drag, seconds) {
    if (drag.edge >= 0) return this.moveEdge(drag.edge, seconds);
    if (drag.isInside) {
      const length_s = drag.loop[1] - drag.loop[0];
      const start_s = Math.min(this.duration_s - length_s, Math.max(0, drag.loop[0] + seconds - drag.at_s));
      return [start_s, start_s + length_s];
    }
    const [from, to] = [Math.min(drag.at_s, seconds), Math.max(drag.at_s, seconds)];
    const end_s = Math.min(this.duration_s, Math.max(to, from + SHORTEST_LOOP_S));
    return [Math.min(from, end_s - SHORTEST_LOOP_S), end_s];
  }

  listenToKeys() {
    const go = (event, current_s, act) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const step_s = event.shiftKey ? BIG_STEP_S : STEP_S;
      const targets = {
        ArrowLeft: current_s - step_s,
        ArrowDown: current_s - step_s,
        ArrowRight: current_s + step_s,
        ArrowUp: current_s + step_s,
        PageDown: current_s - BIG_STEP_S,
        PageUp: current_s + BIG_STEP_S,
        Home: 0,
        End: this.duration_s,
      };
      if (!(event.key in targets)) return;
      event.preventDefault();
      event.stopPropagation();
      act(Math.min(this.duration_s, Math.max(0, targets[event.key])));
    };
    this.surface.addEventListener("keydown", (event) => go(event, this.position_s, this.onSeek));
    this.handles.forEach((handle, which) => {
      handle.addEventListener("keydown", (event) =>
        go(event, this.edges()[which], (seconds) => this.setLoop(this.moveEdge(which, seconds))));
    });
  }

  draw() {
    const ratio = devicePixelRatio || 1;
    const [width, height] = [this.root.clientWidth, this.root.clientHeight];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.root);
    const rowHeight = height / this.rows.length;
    this.rows.forEach(({ values, colour }, row) => {
      pen.fillStyle = style.getPropertyValue(colour);
      const middle = rowHeight * (row + 0.5);
      const reach = rowHeight / 2 - ROW_GAP_PX;
      for (let x = 0; x < width; x += 2) {
        const from = Math.floor((x / width) * values.length);
        const to = Math.max(from + 1, Math.floor(((x + 2) / width) * values.length));
        const half = Math.max(0.5, reach * Math.max(...values.subarray(from, to)));
        pen.fillRect(x, middle - half, 1.4, 2 * half);
      }
    });
  }
}

function toOwnPeak(values) {
  const peak = values.reduce((highest, value) => Math.max(highest, value), 0) || 1;
  return Float32Array.from(values, (value) => value / peak);
}
