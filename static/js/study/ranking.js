/**
 * Best at the top: items are dragged by their handle, or moved by buttons and arrow keys; equals are tied to the one
 * above. The order counts once somebody has moved something or said that it is right as it stands.
 */

export class Ranking {
  /** @param options {texts, question, touched(letter)} */
  constructor(root, onChange, { texts, touched }) {
    Object.assign(this, { onChange, texts, touched, isTouched: false, isLocked: false });
    this.list = root.querySelector(".ranking");
    this.live = root.querySelector(".ranking-live");
    this.keep = root.querySelector(".ranking-keep");
    this.start = this.items();
    for (const item of this.start) this.listen(item);
    this.keep.addEventListener("click", () => this.moved(this.texts.order_kept));
    this.draw();
  }

  items() {
    return [...this.list.children];
  }

  isTied(item) {
    return item.classList.contains("tied");
  }

  get value() {
    if (!this.isTouched) return null;
    const places = [];
    for (const item of this.items()) {
      if (this.isTied(item)) places[places.length - 1].push(item.dataset.letter);
      else places.push([item.dataset.letter]);
    }
    return places.map((letters) => (letters.length > 1 ? letters.sort() : letters[0]));
  }

  show(value) {
    this.isTouched = value !== null;
    const places = value === null ? this.start.map((item) => item.dataset.letter) : value;
    for (const place of places) {
      [place].flat().forEach((letter, i) => {
        const item = this.start.find((one) => one.dataset.letter === letter);
        item.classList.toggle("tied", i > 0);
        this.list.append(item);
      });
    }
    this.draw();
  }

  missing() {
    return this.isTouched ? null : this.keep;
  }

  lock() {
    this.isLocked = true;
    for (const button of this.list.querySelectorAll(".rank-handle, .rank-up, .rank-down, .rank-tie")) button.disabled = true;
    this.keep.hidden = true;
  }

  listen(item) {
    const find = (selector) => item.querySelector(selector);
    find(".rank-up").addEventListener("click", () => this.step(item, -1));
    find(".rank-down").addEventListener("click", () => this.step(item, 1));
    find(".rank-tie")?.addEventListener("click", () => this.tie(item));
    item.addEventListener("focusin", () => this.touched(item.dataset.letter));
    const handle = find(".rank-handle");
    handle.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.step(item, by);
    });
    this.listenToPointer(item, handle);
  }

  step(item, by) {
    const items = this.items();
    const target = items.indexOf(item) + by;
    if (this.isLocked || target < 0 || target >= items.length) return;
    const focused = document.activeElement;
    this.moveTo(item, target);
    // A button that has gone dead passes the focus on.
    if (focused.disabled) item.querySelector(".rank-handle").focus();
    this.moved(this.told(item));
  }

  /** Take an item to a place; who was tied to it stays where they are. */
  moveTo(item, target) {
    const next = item.nextElementSibling;
    if (next && this.isTied(next) && !this.isTied(item)) next.classList.remove("tied");
    item.classList.remove("tied");
    // The others go round it: it keeps the focus, and the pointer that drags it.
    const items = this.items();
    const at = items.indexOf(item);
    for (const other of items.slice(at + 1, target + 1)) this.list.insertBefore(other, item);
    for (const other of items.slice(Math.min(at, target), at).reverse()) item.after(other);
    // Landing between equals, it parts them no more than it must: the one behind it stays tied to those before.
    this.items()[0].classList.remove("tied");
    const behind = item.nextElementSibling;
    if (behind && this.isTied(behind)) item.classList.add("tied");
    this.items()[0].classList.remove("tied");
    this.draw();
  }

  tie(item) {
    if (this.isLocked) return;
    item.classList.toggle("tied");
    this.draw();
    this.moved(this.told(item));
  }

  moved(text) {
    if (this.isLocked) return;
    this.isTouched = true;
    this.draw();
    this.live.textContent = text;
    this.onChange();
  }

  told(item) {
    const place = this.placeOf(item);
    const form = this.isTied(item) ? this.texts.rank_tied : this.texts.rank_place;
    return form.replace("%1", item.dataset.letter).replace("%2", place).replace("%3", this.start.length);
  }

  /** Equals share the place of the first of them. */
  placeOf(item) {
    const items = this.items();
    let at = items.indexOf(item);
    while (at > 0 && this.isTied(items[at])) at -= 1;
    return at + 1;
  }

  draw() {
    const items = this.items();
    items.forEach((item, i) => {
      item.querySelector(".rank-place").textContent = this.isTied(item) ? "=" : this.placeOf(item);
      item.querySelector(".rank-up").disabled = i === 0;
      item.querySelector(".rank-down").disabled = i === items.length - 1;
      const tie = item.querySelector(".rank-tie");
      tie?.setAttribute("aria-pressed", this.isTied(item));
      if (tie) tie.disabled = i === 0;
    });
    this.list.classList.toggle("untouched", !this.isTouched);
    this.keep.hidden = this.isTouched;
  }

  listenToPointer(item, handle) {
    let drag = null;
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.isLocked) return;
      event.preventDefault();
      handle.focus({ preventScroll: true });
      drag = { moved: false };
      handle.setPointerCapture(event.pointerId);
      item.classList.add("dragged");
    });
    handle.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const others = this.items().filter((one) => one !== item);
      const target = others.filter((one) => middle(one) < event.clientY).length;
      if (this.items().indexOf(item) === target) return;
      this.moveTo(item, target);
      drag.moved = true;
    });
    const end = () => {
      if (drag?.moved) this.moved(this.told(item));
      if (drag) handle.focus({ preventScroll: true });
      drag = null;
      item.classList.remove("dragged");
    };
    handle.addEventListener("pointerup", end);
    handle.addEventListener("pointercancel", end);
  }
}

function middle(element) {
  const box = element.getBoundingClientRect();
  return box.top + box.height / 2;
}
