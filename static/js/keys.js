/**
 * The desk's keyboard. Single letters can be switched off in the help (they get in the way of speech input), Space and
 * Ctrl+Enter stay.
 */

const SWITCH_KEY = "gainsay:single-keys";

function typesText(element) {
  return element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=range])");
}

function usesSpace(element) {
  return typesText(element) || element.matches("button, a, summary, input");
}

function keepsArrows(event) {
  return event.key.startsWith("Arrow") && event.target.matches("input");
}

/** @param actions {play, submit, strip(i), mute, solo, off, compare, hold, loopStart, loopEnd, clearLoop, seek(s)}
 *  @param help the dialog, with #single-keys in it */
export function listenToKeys(actions, help) {
  const singleKeys = help.querySelector("#single-keys");
  try {
    singleKeys.checked = localStorage.getItem(SWITCH_KEY) !== "off";
  } catch {
    singleKeys.checked = true;
  }
  singleKeys.addEventListener("change", () => {
    try {
      localStorage.setItem(SWITCH_KEY, singleKeys.checked ? "on" : "off");
    } catch {
      // holds for this page
    }
  });
  const letters = {
    k: actions.play,
    m: actions.mute,
    s: actions.solo,
    o: actions.off,
    a: actions.compare,
    h: actions.hold,
    l: actions.clearLoop,
    "[": actions.loopStart,
    "]": actions.loopEnd,
    ",": actions.loopStart, // brackets need AltGr on many keyboards
    ".": actions.loopEnd,
    "?": () => help.showModal(),
    ArrowLeft: () => actions.seek(-1),
    ArrowRight: () => actions.seek(1),
    1: () => actions.strip(0),
    2: () => actions.strip(1),
    3: () => actions.strip(2),
    4: () => actions.strip(3),
  };
  document.addEventListener("keydown", (event) => {
    if (help.open || event.defaultPrevented) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      actions.submit();
    } else if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    } else if (event.key === " " && !usesSpace(event.target)) {
      event.preventDefault();
      if (!event.repeat) actions.play();
    } else if (singleKeys.checked && letters[key(event)] && !typesText(event.target) && !keepsArrows(event)) {
      event.preventDefault();
      letters[key(event)]();
    }
  });
}

function key(event) {
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}
