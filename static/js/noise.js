/** Pink noise to set the volume by: as loud as the mixes will be, and no music that one could take for an example. */

import { SAMPLE_RATE_HZ } from "./engine.js";

const SECONDS = 5;
const LEVEL_DBFS = -25.8; // RMS of each channel that measures -23 LUFS in stereo
const EDGE_S = 0.02;

/** A loop of pink noise, the same each time. Filter: Paul Kellet's economy form. */
export function pinkNoise(context) {
  const buffer = context.createBuffer(2, SECONDS * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ);
  let state = 1;
  for (const side of [0, 1]) {
    const samples = buffer.getChannelData(side);
    let [low, middle, high] = [0, 0, 0];
    let power = 0;
    for (let i = 0; i < samples.length; i += 1) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const white = state / 2147483648 - 1;
      low = 0.99765 * low + white * 0.099046;
      middle = 0.963 * middle + white * 0.2965164;
      high = 0.57 * high + white * 1.0526913;
      samples[i] = low + middle + high + white * 0.1848;
      power += samples[i] ** 2;
    }
    const scale = 10 ** (LEVEL_DBFS / 20) / Math.sqrt(power / samples.length);
    const edge = Math.round(EDGE_S * SAMPLE_RATE_HZ);
    for (let i = 0; i < samples.length; i += 1) {
      samples[i] *= scale * Math.min(1, i / edge, (samples.length - 1 - i) / edge);
    }
  }
  return buffer;
}
