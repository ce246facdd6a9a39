/** The one volume control: set once, remembered by this browser, the same on every page that sounds. */

const KEY = "gainsay:volume_db";
const LOWEST_DB = -40;
const DEFAULT_DB = -6;

export function storedVolumeDb() {
  try {
    const stored = localStorage.getItem(KEY);
    const value = stored === null ? NaN : Number(stored);
    return value >= LOWEST_DB && value <= 0 ? value : DEFAULT_DB;
  } catch {
    return DEFAULT_DB;
  }
}

/** Tie a range input to the volume. */
export function volumeControl(input, onChange) {
  input.value = storedVolumeDb();
  const tell = () => input.setAttribute("aria-valuetext", `${Number(input.value).toFixed(0)} dB`);
  tell();
  input.addEventListener("input", () => {
    tell();
    try {
      localStorage.setItem(KEY, input.value);
    } catch {
      // remembered as long as the page lives
    }
    onChange(Number(input.value));
  });
}
