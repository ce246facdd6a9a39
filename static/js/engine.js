/**
 * The audio graph of the desk. The page plays it through an AudioContext; tests render the very same graph in an
 * OfflineAudioContext.
 *
 *   one source with all stems side by side (2 channels each), so that they can never drift apart
 *     -> split -> gate of each stem (mute, solo)
 *          -> faders as they stand now -> compensation -> now   \
 *          -> faders as they stood at the start -> its own gain -> start  > volume -> out
 *
 * Every move is a straight line of 15 ms, every switch a linear crossfade of 15 ms (the two sides are correlated:
 * equal power would bump by 3 dB). The compensation follows within 150 ms. Between two settings that obey the ceiling
 * nothing on the way exceeds it: see `move`.
 */

import { Ramp } from "./ramp.js";
import { RAMP_S, SAMPLE_RATE_HZ, Transport, decodeSounds, linear } from "./transport.js";

export { RAMP_S, SAMPLE_RATE_HZ, linear };
export const STEMS = ["vocals", "drums", "bass", "other"];
export const SLEW_S = 0.15;

function decibels(gain) {
  return gain > 0 ? 20 * Math.log10(gain) : null;
}

/** Fetch and decode the stems: {role: url or null} -> {role: AudioBuffer or null}. Needs no gesture. */
export function decodeStems(urls, onDecoded) {
  return decodeSounds(Object.fromEntries(STEMS.map((role) => [role, urls[role]])), onDecoded);
}

/**
 * @param context AudioContext or OfflineAudioContext at 44.1 kHz
 * @param buffers {role: AudioBuffer or null}, all of one length
 * @param settings {start_db, faders_db: {role: dB or null}, hold: boolean, mute: [role], solo: [role],
 *   loop: [start_s, end_s] or null, volume_db: number, ceiling_db: number,
 *   compensationDb: (faders_db) => dB, boundDb: (faders_db) => dBFS or null}
 */
export function buildGraph(context, buffers, settings) {
  return new Graph(context, buffers, settings);
}

class Graph extends Transport {
  constructor(context, buffers, settings) {
    const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 * STEMS.length });
    super(context, [{ buffers: STEMS.map((role) => buffers[role]), output: splitter }]);
    this.splitter = splitter;
    this.settings = settings;
    this.startGainDb = settings.compensationDb(settings.start_db);
    this.connect();
    this.setRegion(settings.loop);
  }

  connect() {
    const { context, settings } = this;
    const gain = (value) => new GainNode(context, { gain: value, channelCount: 2, channelCountMode: "explicit" });
    const ramp = (node, value) => new Ramp(node.gain, value);
    const now = gain(1);
    const start = gain(linear(this.startGainDb));
    const nowSide = gain(1);
    const startSide = gain(0);
    const volume = gain(1);
    this.mix = gain(1); // before the volume control: what the meter of the mix shows
    now.connect(nowSide).connect(this.mix);
    start.connect(startSide).connect(this.mix);
    this.mix.connect(volume).connect(context.destination);
    this.compensation = ramp(now, linear(this.gainDb(settings.faders_db, settings.hold)));
    this.sides = { now: ramp(nowSide, 1), start: ramp(startSide, 0) };
    this.volume = ramp(volume, linear(settings.volume_db));
    this.gates = {};
    this.faders = {};
    this.taps = {};
    STEMS.forEach((role, i) => {
      const stereo = new ChannelMergerNode(context, { numberOfInputs: 2 });
      this.splitter.connect(stereo, 2 * i, 0);
      this.splitter.connect(stereo, 2 * i + 1, 1);
      const [gate, nowFader, startFader] = [gain(1), gain(1), gain(linear(settings.start_db[role]))];
      stereo.connect(gate);
      gate.connect(nowFader).connect(now);
      gate.connect(startFader).connect(start);
      this.gates[role] = ramp(gate, this.isHeard(role, settings.mute, settings.solo) ? 1 : 0);
      this.faders[role] = ramp(nowFader, linear(settings.faders_db[role]));
      this.taps[role] = gate; // before the faders: what the meters show
    });
  }

  isHeard(role, mute, solo) {
    return solo.length ? solo.includes(role) : !mute.includes(role);
  }

  /** Gain of the mix. Without the hold it stands where it was at the start, lower if that would clip. */
  gainDb(faders_db, hold) {
    if (hold) return this.settings.compensationDb(faders_db);
    const bound = this.settings.boundDb(faders_db);
    return bound === null ? this.startGainDb : Math.min(this.startGainDb, this.settings.ceiling_db - bound);
  }

  /**
   * Take the faders to new values at a time.
   *
   * The peak bound is convex in the linear gains, so on the way it is never above the higher of its ends. Where the
   * present compensation is too much for that, it comes down first and the faders follow; where it may rise only after
   * a fader has come down, it waits.
   */
  move(faders_db, hold = true, at = this.soon()) {
    const before_db = Object.fromEntries(STEMS.map((role) => [role, decibels(this.faders[role].value(at))]));
    const bounds = [before_db, faders_db].map((faders) => this.settings.boundDb(faders)).filter((b) => b !== null);
    const safe = bounds.length ? linear(this.settings.ceiling_db - Math.max(...bounds)) : Infinity;
    const target = linear(this.gainDb(faders_db, hold));
    const present = this.compensation.value(at);
    const start = present > safe ? at + RAMP_S : at;
    for (const role of STEMS) {
      const goal = linear(faders_db[role]);
      if (this.faders[role].value(Infinity) !== goal) this.faders[role].hold(at).wait(start).line(goal, start + RAMP_S);
    }
    this.compensation.hold(at);
    if (present > safe) this.compensation.line(safe, at + RAMP_S);
    if (present > safe || target > safe) this.compensation.wait(start + RAMP_S).line(target, start + RAMP_S + SLEW_S);
    else this.compensation.line(target, at + SLEW_S);
  }

  gate(mute, solo, at = this.soon()) {
    for (const role of STEMS) this.gates[role].to(this.isHeard(role, mute, solo) ? 1 : 0, at, RAMP_S);
  }

  /** Hear the balance at the start ("start") or as it is ("now"). */
  compare(side, at = this.soon()) {
    this.sides.now.to(side === "now" ? 1 : 0, at, RAMP_S);
    this.sides.start.to(side === "start" ? 1 : 0, at, RAMP_S);
  }

  setVolume(volume_db, at = this.soon()) {
    this.volume.to(linear(volume_db), at, RAMP_S);
  }
}
