/**
 * Dropping four files at once: each goes to the field of the stem that its name says. The form is sent with a bar that
 * shows how far it is. Without this script the four fields and the button do the same.
 */

import { STEMS } from "../engine.js";

const form = document.getElementById("bring");
const drop = document.getElementById("drop");
const line = document.getElementById("drop-state");
const bar = document.getElementById("sent");
const button = form.querySelector("[type=submit]");
const field = (stem) => document.getElementById(`file-${stem}`);

/** The stem that a file name says, null where it says none or more than one. */
function stemOf(name) {
  const words = name.toLowerCase().replace(/\.[^.]*$/, "");
  const said = STEMS.filter((stem) => new RegExp(`(^|[^a-z])${stem.replace(/s$/, "s?")}([^a-z]|$)`).test(words));
  return said.length === 1 ? said[0] : null;
}

function place(files) {
  const unknown = [];
  for (const file of files) {
    const stem = stemOf(file.name);
    if (stem === null) {
      unknown.push(file.name);
      continue;
    }
    const holder = new DataTransfer();
    holder.items.add(file);
    field(stem).files = holder.files;
  }
  tell(unknown);
}

function tell(unknown = []) {
  const missing = STEMS.filter((stem) => field(stem).files.length === 0);
  const parts = [];
  if (unknown.length) parts.push(`${form.dataset.unknown} ${unknown.join(", ")}.`);
  if (missing.length && missing.length < STEMS.length) parts.push(`${form.dataset.missing} ${missing.join(", ")}.`);
  line.textContent = parts.join(" ");
}

function totalBytes() {
  return STEMS.reduce((sum, stem) => sum + (field(stem).files[0]?.size ?? 0), 0);
}

function busy(isBusy) {
  bar.hidden = !isBusy;
  button.disabled = isBusy;
}

/** The server answers with the next page, or with this one and what is wrong in it. */
function show(request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const fault = page.querySelector("[role=alert]");
  if (request.status < 400) window.location.assign(request.responseURL);
  else {
    busy(false);
    line.textContent = fault?.textContent ?? form.dataset.lost;
  }
}

function send() {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total;
  });
  request.addEventListener("load", () => show(request));
  request.addEventListener("error", () => {
    busy(false);
    line.textContent = form.dataset.lost;
  });
  busy(true);
  line.textContent = form.dataset.sending;
  request.send(new FormData(form));
}

drop.hidden = false;
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  place(event.dataTransfer.files);
});
form.addEventListener("change", () => tell());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (totalBytes() > Number(form.dataset.mostBytes)) line.textContent = form.dataset.tooLarge;
  else send();
});
