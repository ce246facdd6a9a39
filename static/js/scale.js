/** The fader's law: where a level stands on the track, and how a level is written. No level is marked out. */

import { fixed } from "./numbers.js";

export const LOW_DB = -40;
export const HIGH_DB = 12;
export const STEP_DB = 0.1;
export const MARKS_DB = [10, 5, 0, -5, -10, -15, -20, -30, -40];

// Even room from -20 dB up, where balances are made; below, the scale is narrower. Under LOW_PLACE the fader is off.
const BEND_DB = -20;
const LOW_PLACE = 0.08;
const BEND_PLACE = 0.32;
const OFF_BELOW = LOW_PLACE / 2;

/** Place on the track, 0 (bottom, off) to 1 (top). */
export function place(level_db) {
  if (level_db === null) return 0;
  if (level_db < BEND_DB) return LOW_PLACE + ((level_db - LOW_DB) / (BEND_DB - LOW_DB)) * (BEND_PLACE - LOW_PLACE);
  return BEND_PLACE + ((level_db - BEND_DB) / (HIGH_DB - BEND_DB)) * (1 - BEND_PLACE);
}

/** Level in dB (null: off) at a place on the track. */
export function levelAt(where) {
  if (where < OFF_BELOW) return null;
  if (where < BEND_PLACE) {
    const level_db = LOW_DB + ((where - LOW_PLACE) / (BEND_PLACE - LOW_PLACE)) * (BEND_DB - LOW_DB);
    return rounded(Math.max(LOW_DB, level_db));
  }
  return rounded(Math.min(HIGH_DB, BEND_DB + ((where - BEND_PLACE) / (1 - BEND_PLACE)) * (HIGH_DB - BEND_DB)));
}

/** To the step of the fader; never minus zero. */
export function rounded(level_db) {
  return Math.round(level_db / STEP_DB) / Math.round(1 / STEP_DB) + 0;
}

/** A step up or down. Under the lowest level is off, above the highest nothing. */
export function stepped(level_db, by_db) {
  if (level_db === null) return by_db > 0 ? LOW_DB : null;
  const next = rounded(level_db + by_db);
  if (next < LOW_DB) return level_db > LOW_DB ? LOW_DB : null;
  return Math.min(HIGH_DB, next);
}

/** As written on the desk: "+3.0", "−12.5", "off"; in German "+3,0". */
export function written(level_db, texts) {
  if (level_db === null) return texts.off;
  const sign = level_db < 0 ? "−" : level_db > 0 ? "+" : "";
  return sign + fixed(Math.abs(level_db), 1);
}

/** As a screen reader says it: "minus 3.2 decibels", "off". */
export function spoken(level_db, texts) {
  if (level_db === null) return texts.off;
  const form = level_db < 0 ? texts.minus_decibels : texts.decibels;
  return form.replace("%s", fixed(Math.abs(level_db), 1));
}

/** What somebody typed: a level in dB, null for off, undefined if it is neither or out of range. */
export function read(text, texts) {
  const plain = text.trim().toLowerCase().replace(/[−–]/g, "-").replace(",", ".").replace(/\s*db$/, "");
  if (plain === "off" || plain === texts.off.toLowerCase()) return null;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain)) return undefined;
  const level_db = rounded(Number(plain));
  return level_db >= LOW_DB && level_db <= HIGH_DB ? level_db : undefined;
}
