/**
 * The keyboard of a page with sound. Single letters can be switched off in the help (they get in the way of speech
 * input), Space and Ctrl+Enter stay.
 */

const SWITCH_KEY = "gainsay:single-keys";

function typesText(element) {
  return element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=range])");
}

function usesSpace(element) {
  return typesText(element) || element.matches("button, a, summary, input");
}

function usesEnter(element) {
  return typesText(element) || element.matches("button, a, summary");
}

function keepsArrows(event) {
  return event.key.startsWith("Arrow") && event.target.matches("input");
}

/** The desk's single keys. @param actions {play, mute, solo, off, compare, hold, loopStart, loopEnd, clearLoop, seek(s),
 *  strip(i)} */
export function deskKeys(actions) {
  return {
    ...playbackKeys(actions),
    k: actions.play,
    m: actions.mute,
    s: actions.solo,
    o: actions.off,
    a: actions.compare,
    h: actions.hold,
    l: actions.clearLoop,
    1: () => actions.strip(0),
    2: () => actions.strip(1),
    3: () => actions.strip(2),
    4: () => actions.strip(3),
  };
}

export function playbackKeys(actions) {
  return {
    "[": actions.loopStart,
    "]": actions.loopEnd,
    ",": actions.loopStart, // brackets need AltGr on many keyboards
    ".": actions.loopEnd,
    ArrowLeft: () => actions.seek(-1),
    ArrowRight: () => actions.seek(1),
  };
}

/** @param actions {play, submit}
 *  @param single {key: act}: the single keys
 *  @param help the dialog that tells of them, with #single-keys in it
 *  @param options {plainEnter: whether Enter alone submits where it has no other meaning} */
export function listenToKeys(actions, single, help, { plainEnter = false } = {}) {
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
  const letters = { ...single, "?": () => help.showModal() };
  document.addEventListener("keydown", (event) => {
    if (help.open || event.defaultPrevented) return;
    const isPlainEnter = plainEnter && !usesEnter(event.target);
    if (event.key === "Enter" && !event.repeat && (event.ctrlKey || event.metaKey || isPlainEnter)) {
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
