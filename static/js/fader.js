/**
 * A channel strip's fader: a slider for pointer, wheel, keyboard and screen reader, and a field to type the level in.
 *
 * Nothing snaps and nothing is a resting place: no level means more than another. On a touch screen the cap follows
 * the finger from wherever it lands, so that a touch alone moves nothing.
 */

import { HIGH_DB, LOW_DB, MARKS_DB, STEP_DB, levelAt, place, read, spoken, stepped, written } from "./scale.js";

const COARSE_DB = 1;
const WHEEL_DB = 0.5;
const FINE = 0.1; // share of the way while Shift is held

export class Fader {
  /** @param strip the strip's element, with .fader-track, .fader-cap and .level-field in it
   *  @param options {level_db, texts, onMove(level_db)} */
  constructor(strip, { level_db, texts, onMove }) {
    this.track = strip.querySelector(".fader-track");
    this.cap = strip.querySelector(".fader-cap");
    this.field = strip.querySelector(".level-field");
    this.warning = strip.querySelector(".level-warning");
    this.texts = texts;
    this.onMove = onMove;
    this.beforeOff_db = level_db ?? LOW_DB;
    drawMarks(strip.querySelector(".fader-scale"));
    this.show(level_db);
    this.listenToPointer();
    this.track.addEventListener("keydown", (event) => this.onKey(event));
    this.track.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.listenToField();
  }

  show(level_db) {
    this.level_db = level_db;
    if (level_db !== null) this.beforeOff_db = level_db;
    this.cap.style.setProperty("--place", place(level_db).toFixed(4));
    this.track.setAttribute("aria-valuenow", level_db ?? LOW_DB - STEP_DB);
    this.track.setAttribute("aria-valuetext", spoken(level_db, this.texts));
    this.track.classList.toggle("off", level_db === null);
    if (document.activeElement !== this.field) this.field.value = written(level_db, this.texts);
  }

  move(level_db) {
    if (level_db === this.level_db) return;
    this.show(level_db);
    this.onMove(level_db);
  }

  toggleOff() {
    this.move(this.level_db === null ? this.beforeOff_db : null);
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step_db = event.shiftKey ? COARSE_DB : STEP_DB;
    const moves = {
      ArrowUp: () => stepped(this.level_db, step_db),
      ArrowRight: () => stepped(this.level_db, step_db),
      ArrowDown: () => stepped(this.level_db, -step_db),
      ArrowLeft: () => stepped(this.level_db, -step_db),
      PageUp: () => stepped(this.level_db, COARSE_DB),
      PageDown: () => stepped(this.level_db, -COARSE_DB),
      Home: () => LOW_DB,
      End: () => HIGH_DB,
    };
    if (event.key === "Enter") this.field.focus();
    else if (moves[event.key]) this.move(moves[event.key]());
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Only once the fader has the focus: a page that scrolls under the pointer must not move it. */
  onWheel(event) {
    if (document.activeElement !== this.track || event.ctrlKey) return;
    event.preventDefault();
    const delta = event.deltaY || event.deltaX; // Shift turns the wheel sideways in some browsers
    if (delta) this.move(stepped(this.level_db, (delta < 0 ? 1 : -1) * (event.shiftKey ? STEP_DB : WHEEL_DB)));
  }

  listenToPointer() {
    let last_y = null;
    let where = 0;
    const end = () => {
      last_y = null;
      this.track.classList.remove("dragging");
    };
    this.track.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      this.track.focus({ preventScroll: true });
      this.track.setPointerCapture(event.pointerId);
      this.track.classList.add("dragging");
      const onCap = event.target === this.cap || this.cap.contains(event.target);
      where = place(this.level_db);
      if (event.pointerType === "mouse" && !onCap) {
        where = this.placeUnder(event);
        this.move(levelAt(where));
      }
      last_y = event.clientY;
    });
    this.track.addEventListener("pointermove", (event) => {
      if (last_y === null) return;
      const way = (last_y - event.clientY) / this.travel();
      where = Math.min(1, Math.max(0, where + way * (event.shiftKey ? FINE : 1)));
      last_y = event.clientY;
      this.move(levelAt(where));
    });
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) this.track.addEventListener(kind, end);
  }

  /** Pixels that the cap's middle can travel. */
  travel() {
    return this.track.clientHeight - this.cap.offsetHeight;
  }

  placeUnder(event) {
    const box = this.track.getBoundingClientRect();
    return Math.min(1, Math.max(0, (box.bottom - this.cap.offsetHeight / 2 - event.clientY) / this.travel()));
  }

  listenToField() {
    const { field } = this;
    const tell = (isWrong) => {
      field.setAttribute("aria-invalid", isWrong);
      this.warning.hidden = !isWrong;
    };
    const commit = () => {
      const level_db = read(field.value, this.texts);
      tell(level_db === undefined);
      if (level_db !== undefined) this.move(level_db);
      return level_db !== undefined;
    };
    field.addEventListener("focus", () => field.select());
    field.addEventListener("input", () => tell(false));
    field.addEventListener("blur", () => {
      commit();
      tell(false);
      field.value = written(this.level_db, this.texts);
    });
    field.addEventListener("keydown", (event) => {
      const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (event.key === "Enter" && !event.ctrlKey) {
        if (commit()) this.track.focus();
      } else if (event.key === "Escape") {
        field.value = written(this.level_db, this.texts);
        this.track.focus();
      } else if (direction && commit()) {
        this.move(stepped(this.level_db, direction * (event.shiftKey ? COARSE_DB : STEP_DB)));
        field.value = written(this.level_db, this.texts);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}

/** The same scale on every strip, every mark of one weight. */
function drawMarks(scale) {
  for (const mark_db of MARKS_DB) {
    const mark = document.createElement("span");
    mark.className = "mark";
    mark.textContent = mark_db < 0 ? `−${-mark_db}` : `${mark_db}`;
    mark.style.setProperty("--place", place(mark_db).toFixed(4));
    scale.append(mark);
  }
}
