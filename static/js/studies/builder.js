/**
 * The builder of studies: marks the fields that were found at fault, keeps the preview in step with
 * what is typed, and asks before unsaved work is left.
 */

const form = () => document.getElementById("builder");
let isUnsaved = form()?.dataset.unsaved === "yes";
let shownBlock = "0";
/** What was typed while the form is on its way to be made anew, by the field's id; else null. */
let typedMeanwhile = null;

/** A field is invalid where its line of errors says something. */
function markFaults() {
  for (const line of form().querySelectorAll(".errors[id$='-error']")) {
    const says = line.textContent.trim() !== "";
    for (const field of form().querySelectorAll(`[aria-describedby~="${CSS.escape(line.id)}"]`)) {
      if (says) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }
}

function showPreview() {
  const buttons = [...form().querySelectorAll(".preview-of")];
  const button = buttons.find((one) => one.value === shownBlock) ?? buttons[0];
  if (button) form().requestSubmit(button);
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.classList.contains("preview-of")) {
    isUnsaved = false;
    return;
  }
  shownBlock = button.value;
  for (const one of form().querySelectorAll(".preview-of")) {
    one.setAttribute("aria-pressed", String(one === button));
  }
});
document.addEventListener("input", (event) => {
  if (!form()?.contains(event.target)) return;
  isUnsaved = true;
  if (event.target.id) typedMeanwhile?.set(event.target.id, event.target);
});

/** The form is asked for anew. What is typed until it comes is put into the new one; where a part
    is taken out, and others move up to its place, nothing can be typed until then. */
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id !== "builder") return;
  typedMeanwhile ??= new Map();
  form().inert = String(event.detail.elt.value ?? "").startsWith("remove:");
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.target?.id !== "builder" || event.detail.successful) return;
  typedMeanwhile = null;
  form().inert = false;
});

function putBack(typed) {
  for (const [id, old] of typed) {
    const field = document.getElementById(id);
    if (!field || field.type !== old.type) continue;
    field.value = old.value;
    field.checked = old.checked;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "builder") {
    isUnsaved = form().dataset.unsaved === "yes";
    const typed = typedMeanwhile ?? new Map();
    typedMeanwhile = null;
    putBack(typed);
  }
  markFaults();
  const isFine = !document.querySelector("#live .notice.bad");
  if (isFine && (event.target.id === "live" || event.target.id === "builder")) showPreview();
});
window.addEventListener("beforeunload", (event) => {
  if (isUnsaved) event.preventDefault();
});
