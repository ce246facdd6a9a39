/** The overview of a trial's sounds: the mean of all of them, so that the picture tells nothing of any one. */

const STEPS = 600;

/** @param buffers [AudioBuffer] of one length; -> the mean square root of their energies, evenly over the excerpt. */
export function envelope(buffers) {
  const frames = Math.min(...buffers.map((buffer) => buffer.length));
  const steps = Math.min(STEPS, frames);
  const sum = new Float32Array(steps);
  for (const buffer of buffers) {
    const samples = buffer.getChannelData(0);
    for (let i = 0; i < steps; i += 1) sum[i] += peak(samples, (i * frames) / steps, ((i + 1) * frames) / steps);
  }
  return sum;
}

function peak(samples, from, to) {
  let highest = 0;
  for (let i = Math.floor(from); i < to; i += 1) highest = Math.max(highest, Math.abs(samples[i]));
  return highest;
}
