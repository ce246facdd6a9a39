/**
 * Markers on one scale, each in a lane of its own so that none hides another: an axis of mixes, MUSHRA's sliders, or a
 * single slider. A marker waits beside the scale until somebody moves it; touching it makes its sound heard.
 *
 * Pointer: drag a marker, or press where it shall stand. Keys: arrows, Shift or Page keys for more, Home and End.
 */

import { plain } from "../numbers.js";

const DRAG_PX = 4;
const BIG_STEPS = 10;
const FINEST_STEPS = 100; // arrows go through the scale in no more steps than this

export class Lanes {
  /** @param options {texts, question: {low, high, step, per_letter}, touched(letter)} */
  constructor(root, onChange, { texts, question, touched }) {
    Object.assign(this, { onChange, texts, question, touched, isLocked: false });
    this.root = root.querySelector(".lanes");
    this.steps = Math.round((question.high - question.low) / question.step);
    this.lanes = [...root.querySelectorAll(".lane")].map((lane) => this.lane(lane));
    const narrow = matchMedia("(max-width: 48rem)");
    narrow.addEventListener("change", () => this.turn(narrow.matches));
    this.turn(narrow.matches);
  }

  lane(element) {
    const lane = {
      element,
      letter: element.dataset.letter,
      track: element.querySelector(".lane-track"),
      marker: element.querySelector(".marker"),
      output: element.querySelector(".lane-value"),
      value: null,
    };
    lane.marker.setAttribute("aria-valuemin", this.question.low);
    lane.marker.setAttribute("aria-valuemax", this.question.high);
    lane.marker.addEventListener("focus", () => this.touched(lane.letter));
    lane.marker.addEventListener("keydown", (event) => this.key(lane, event));
    this.listenToPointer(lane);
    this.place(lane, null);
    return lane;
  }

  /** Sliders that stand upright lie down where there is no room. */
  turn(isNarrow) {
    this.isUpright = this.root.dataset.upright === "true" && !isNarrow;
    this.root.classList.toggle("upright", this.isUpright);
    for (const { marker } of this.lanes) {
      marker.setAttribute("aria-orientation", this.isUpright ? "vertical" : "horizontal");
    }
  }

  get value() {
    const placed = this.lanes.filter(({ value }) => value !== null).map(({ letter, value }) => [letter, value]);
    if (!placed.length) return null;
    return this.question.per_letter ? Object.fromEntries(placed) : placed[0][1];
  }

  show(value) {
    for (const lane of this.lanes) this.place(lane, (this.question.per_letter ? value?.[lane.letter] : value) ?? null);
  }

  missing() {
    return this.lanes.find(({ value }) => value === null)?.marker ?? null;
  }

  lock() {
    this.isLocked = true;
    for (const { marker } of this.lanes) marker.setAttribute("aria-disabled", "true");
  }

  /** Go to a letter's marker if one of these has the focus. */
  follow(letter) {
    if (!this.root.contains(document.activeElement)) return;
    this.lanes.find((lane) => lane.letter === letter)?.marker.focus({ preventScroll: true });
  }

  /** To the scale's own steps, counted from its low end. */
  atStep(steps) {
    const { low, high, step } = this.question;
    const value = low + Math.min(this.steps, Math.max(0, Math.round(steps))) * step;
    return Math.min(high, Number(value.toFixed(6)));
  }

  place(lane, value) {
    const { low, high } = this.question;
    lane.value = value;
    lane.element.classList.toggle("unplaced", value === null);
    lane.element.style.setProperty("--at", value === null ? 0 : ((value - low) / (high - low)).toFixed(5));
    lane.marker.setAttribute("aria-valuenow", value ?? low);
    const told = value === null ? this.texts.not_placed : this.texts.of.replace("%1", plain(value)).replace("%2", plain(high));
    lane.marker.setAttribute("aria-valuetext", told);
    lane.output.textContent = value === null ? "–" : plain(value);
  }

  answer(lane, value) {
    if (this.isLocked || value === lane.value) return;
    this.place(lane, value);
    this.onChange();
  }

  key(lane, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const least = Math.max(1, Math.round(this.steps / FINEST_STEPS));
    const big = Math.max(least, Math.round(this.steps / BIG_STEPS));
    const arrow = event.shiftKey ? big : least;
    const by = { ArrowRight: arrow, ArrowUp: arrow, ArrowLeft: -arrow, ArrowDown: -arrow, PageUp: big, PageDown: -big };
    const to = { Home: 0, End: this.steps };
    if (!(event.key in by) && !(event.key in to)) return;
    event.preventDefault();
    const present = lane.value === null ? null : (lane.value - this.question.low) / this.question.step;
    if (event.key in to) this.answer(lane, this.atStep(to[event.key]));
    else this.answer(lane, this.atStep(present === null ? this.steps / 2 : present + by[event.key]));
  }

  valueAt(lane, event) {
    const box = lane.track.getBoundingClientRect();
    const style = getComputedStyle(lane.track);
    const [gutter, size] = ["--gutter", "--marker"].map((name) => parseFloat(style.getPropertyValue(name)));
    const along = this.isUpright ? box.bottom - event.clientY : event.clientX - box.left;
    const room = (this.isUpright ? box.height : box.width) - gutter - size;
    return this.atStep(((along - gutter - size / 2) / room) * this.steps);
  }

  listenToPointer(lane) {
    let drag = null;
    const { track, marker } = lane;
    track.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      marker.focus({ preventScroll: true });
      this.touched(lane.letter);
      drag = { x: event.clientX, y: event.clientY, before: lane.value, isOnMarker: event.target === marker, moved: false };
      track.setPointerCapture(event.pointerId);
    });
    track.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const along_px = this.isUpright ? event.clientY - drag.y : event.clientX - drag.x;
      drag.moved ||= Math.abs(along_px) > DRAG_PX;
      if (drag.moved) this.answer(lane, this.valueAt(lane, event));
    });
    track.addEventListener("pointerup", (event) => {
      // Pressing the marker itself only makes it heard.
      if (drag && !drag.moved && !drag.isOnMarker) this.answer(lane, this.valueAt(lane, event));
      drag = null;
    });
    track.addEventListener("pointercancel", () => {
      if (drag?.moved) {
        this.place(lane, drag.before);
        this.onChange();
      }
      drag = null;
    });
  }
}
