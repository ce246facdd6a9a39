/** Single letters as keys get in the way of speech input: they can be switched off, here and on the desk at once. */

const SWITCH_KEY = "gainsay:single-keys";

function read() {
  try {
    return localStorage.getItem(SWITCH_KEY) !== "off";
  } catch {
    return true;
  }
}

/** Tie a check box to the switch; its `checked` says whether letters count. */
export function letterSwitch(box) {
  box.checked = read();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(SWITCH_KEY, box.checked ? "on" : "off");
    } catch {
      // holds for this page
    }
  });
  return box;
}
