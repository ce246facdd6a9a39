/** Lab calibration: what the volume control says goes with the level that the meter reads. */

import "./sound-check.js";

const volume = document.querySelector("#volume");
const field = document.querySelector("#calibration [name=volume_db]");
const keep = () => {
  field.value = volume.value;
};
keep();
volume.addEventListener("input", keep);
