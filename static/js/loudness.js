/**
 * Gated loudness (ITU-R BS.1770-4) of any balance of stems, from their Gram matrix, and the gain that keeps a mix at
 * one loudness without clipping. The same numbers as modeling/loudness.py and modeling/headroom.py, from the same
 * float32 data; tests compare the two.
 *
 * Gains are in dB, in the order of the stems; null or NaN means off. A loudness or level that does not exist
 * (silence, less than 0.4 s) is null.
 */

const HOPS_PER_BLOCK = 4; // 400 ms blocks of 100 ms hops, 75 % overlap
const OFFSET_LU = -0.691;
const ABSOLUTE_GATE_POWER = 10 ** ((-70 - OFFSET_LU) / 10);
const RELATIVE_GATE_RATIO = 0.1; // -10 LU
const CEILING_DBFS = -1;
const MATCHING_ROUNDS = 5;

/** Little-endian float32 values of a base64 text. */
function unpackFloat32(base64, count) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  if (bytes.length !== 4 * count) {
    throw new RangeError(`expected ${count} packed values, got ${bytes.length / 4}`);
  }
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
}

/**
 * The Gram of `pack_gram`, ready for measuring: mean products per 400 ms block, upper triangle row by row, and a
 * buffer for the blocks' powers, so that measuring allocates nothing.
 */
export function unpackGram(base64, nHops, nStems = 4) {
  const nPairs = (nStems * (nStems + 1)) / 2;
  const hops = unpackFloat32(base64, nHops * nPairs);
  const nBlocks = Math.max(0, nHops - HOPS_PER_BLOCK + 1);
  const products = new Float64Array(nBlocks * nPairs);
  for (let i = 0; i < products.length; i += 1) {
    for (let hop = 0; hop < HOPS_PER_BLOCK; hop += 1) products[i] += hops[i + hop * nPairs] / HOPS_PER_BLOCK;
  }
  return { nStems, nPairs, nBlocks, products, weights: new Float64Array(nPairs), powers: new Float64Array(nBlocks) };
}

/** The peaks of `pack_peaks`: sample peak of each stem per hop, linear. */
export function unpackPeaks(base64, nHops, nStems = 4) {
  return { nStems, nHops, levels: unpackFloat32(base64, nHops * nStems) };
}

function linear(gainDb) {
  return gainDb === null || Number.isNaN(gainDb) ? 0 : 10 ** (gainDb / 20);
}

function checkStems(data, gainsDb) {
  if (gainsDb.length !== data.nStems) throw new RangeError(`expected ${data.nStems} gains, got ${gainsDb.length}`);
}

/** Power of every block in the mix of these gains, written to gram.powers. */
function measurePowers(gram, gainsDb) {
  const { nStems, nPairs, nBlocks, products, weights, powers } = gram;
  let pair = 0;
  for (let row = 0; row < nStems; row += 1) {
    for (let column = row; column < nStems; column += 1) {
      weights[pair] = (row === column ? 1 : 2) * linear(gainsDb[row]) * linear(gainsDb[column]);
      pair += 1;
    }
  }
  for (let block = 0, i = 0; block < nBlocks; block += 1) {
    let power = 0;
    for (pair = 0; pair < nPairs; pair += 1, i += 1) power += weights[pair] * products[i];
    powers[block] = power;
  }
}

/** Mean of the powers above a gate; 0 if there is none. */
function meanAbove(powers, gate) {
  let total = 0;
  let count = 0;
  for (let block = 0; block < powers.length; block += 1) {
    if (powers[block] > gate) {
      total += powers[block];
      count += 1;
    }
  }
  return count ? total / count : 0;
}

/** Gated loudness in LUFS of the mix with these gains; null where it has none. */
export function loudnessLufs(gram, gainsDb) {
  checkStems(gram, gainsDb);
  measurePowers(gram, gainsDb);
  const relativeGate = RELATIVE_GATE_RATIO * meanAbove(gram.powers, ABSOLUTE_GATE_POWER);
  const power = meanAbove(gram.powers, Math.max(ABSOLUTE_GATE_POWER, relativeGate));
  return power > 0 ? OFFSET_LU + 10 * Math.log10(power) : null;
}

/**
 * Common gain in dB that brings the mix with these gains to the target; null for a mix without a loudness. Blocks
 * pass or miss the absolute gate by the level, so the loudness is measured again at the new level until it stands.
 */
export function matchingGainDb(gram, gainsDb, targetLufs) {
  let gainDb = 0;
  for (let round = 0; round < MATCHING_ROUNDS; round += 1) {
    const shiftedDb = Array.from(gainsDb, (db) => (db === null ? null : db + gainDb));
    const loudness = loudnessLufs(gram, shiftedDb);
    if (loudness === null) return null;
    gainDb += targetLufs - loudness;
  }
  return gainDb;
}

/** Highest sample peak in dBFS that the mix with these gains can have; null for silence. */
export function peakBoundDb(peaks, gainsDb) {
  checkStems(peaks, gainsDb);
  const { nStems, levels } = peaks;
  const gains = Array.from(gainsDb, linear);
  let bound = 0;
  for (let i = 0; i < levels.length; i += nStems) {
    let level = 0;
    for (let stem = 0; stem < nStems; stem += 1) level += gains[stem] * levels[i + stem];
    if (level > bound) bound = level;
  }
  return bound > 0 ? 20 * Math.log10(bound) : null;
}

/**
 * Gain in dB that brings the mix of the present faders to the target, never over the ceiling. 0 dB with every fader
 * off. A mix too quiet to have a loudness is left as it is, ceiling apart.
 */
export function compensationDb({ gram, peaks, faders_db, target_lufs, ceiling_db = CEILING_DBFS }) {
  const boundDb = peakBoundDb(peaks, faders_db);
  if (boundDb === null) return 0;
  return Math.min(matchingGainDb(gram, faders_db, target_lufs) ?? 0, ceiling_db - boundDb);
}
