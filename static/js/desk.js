/** What stands on the desk: plain values, as they are saved, with no page and no sound in it. */

import { STEMS } from "./engine.js";

export class Desk {
  /** @param given what the server gave the page; kept: the desk of an unsent save, newer than the server's, or null */
  constructor(given, kept) {
    const stored = kept ?? given.desk;
    this.start_db = given.start_db;
    this.stems = STEMS.filter((role) => given.urls.stems[role] !== null);
    this.faders_db = { ...given.start_db, ...stored.faders_db };
    this.mute = stored.mute ?? [];
    this.solo = stored.solo ?? [];
    this.loop = stored.loop ?? null;
    this.hold = stored.hold ?? true;
    this.confidence = stored.confidence ?? null;
    this.comment = stored.comment ?? "";
    this.side = "now";
  }

  /** As it is saved. Which side is heard is not: one comes back to where the faders are. */
  saved() {
    const { faders_db, mute, solo, loop, hold, confidence, comment } = this;
    return { faders_db: { ...faders_db }, mute: [...mute], solo: [...solo], loop, hold, confidence, comment };
  }

  /** The faders as heard now. */
  heardFaders() {
    return this.side === "start" ? this.start_db : this.faders_db;
  }

  /** Switch a stem in a list ("mute" or "solo"); returns whether it is in it now. */
  toggle(list, role) {
    const isIn = this[list].includes(role);
    this[list] = isIn ? this[list].filter((other) => other !== role) : [...this[list], role];
    return !isIn;
  }

  answer(cannotJudge = "") {
    const { confidence, comment } = this;
    return { faders_db: { ...this.faders_db }, confidence, comment, cannot_judge: cannotJudge };
  }
}
