/** Several balances of one excerpt, to be compared at one loudness. */

import { STEMS } from "../engine.js";
import { compensationDb, unpackGram, unpackPeaks } from "../loudness.js";

/** Gains that bring each version to the target: {id: {role: dB or null}}. */
export function levelled({ versions, gram, n_hops, peaks, n_peaks, target_lufs, ceiling_dbfs }) {
  const data = { gram: unpackGram(gram, n_hops), peaks: unpackPeaks(peaks, n_peaks) };
  return Object.fromEntries(
    versions.map(({ id, gains_db }) => {
      const faders_db = STEMS.map((role) => gains_db[role]);
      const common_db = compensationDb({ ...data, faders_db, target_lufs, ceiling_db: ceiling_dbfs });
      const gains = STEMS.map((role, i) => [role, faders_db[i] === null ? null : faders_db[i] + common_db]);
      return [id, Object.fromEntries(gains)];
    }),
  );
}
