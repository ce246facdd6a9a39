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

export const STEMS = ["vocals", "drums", "bass", "other"];
export const SAMPLE_RATE_HZ = 44100;
export const RAMP_S = 0.015;
export const SLEW_S = 0.15;
export const SEAM_S = 0.01;
export const SHORTEST_LOOP_S = 0.5;
const LEAD_S = 0.005; // a little ahead of the clock, so that no line starts in a block already rendered

export function linear(gainDb) {
  return gainDb === null ? 0 : 10 ** (gainDb / 20);
}

function decibels(gain) {
  return gain > 0 ? 20 * Math.log10(gain) : null;
}

/** Fetch and decode the stems: {role: url or null} -> {role: AudioBuffer or null}. Needs no gesture. */
export async function decodeStems(urls, onDecoded = () => {}) {
  const decoder = new OfflineAudioContext(2, 1, SAMPLE_RATE_HZ);
  const decode = async (role) => {
    if (urls[role] === null) return [role, null];
    const answer = await fetch(urls[role]);
    if (!answer.ok) throw new Error(`${role}: ${answer.status}`);
    const buffer = await decoder.decodeAudioData(await answer.arrayBuffer());
    onDecoded(role);
    return [role, buffer];
  };
  return Object.fromEntries(await Promise.all(STEMS.map(decode)));
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

class Graph {
  constructor(context, buffers, settings) {
    this.context = context;
    this.buffers = buffers;
    this.settings = settings;
    const sounding = STEMS.map((role) => buffers[role]).filter(Boolean);
    this.frames = Math.min(...sounding.map((buffer) => buffer.length));
    this.duration_s = this.frames / context.sampleRate;
    this.startGainDb = settings.compensationDb(settings.start_db);
    this.voice = null;
    this.paused_s = 0;
    this.connect();
    this.setRegion(settings.loop);
  }

  connect() {
    const { context, settings } = this;
    const gain = (value) => new GainNode(context, { gain: value, channelCount: 2, channelCountMode: "explicit" });
    const ramp = (node, value) => new Ramp(node.gain, value);
    this.splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 * STEMS.length });
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

  /** The soonest time at which something can change without a step. */
  soon() {
    return this.context.currentTime + LEAD_S;
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

  get isPlaying() {
    return this.voice !== null;
  }

  /** Where in the excerpt it sounds (or would go on), in seconds. */
  position(at = this.context.currentTime) {
    if (!this.voice) return this.paused_s;
    const played_s = Math.max(0, at - this.voice.started_s) + this.voice.offset_s;
    return this.region.start_s + (played_s % this.region.length_s);
  }

  play(at = this.soon()) {
    if (!this.voice) this.startVoice(this.paused_s, at);
  }

  pause(at = this.soon()) {
    if (!this.voice) return;
    this.paused_s = this.position(at);
    this.endVoice(at);
  }

  seek(position_s, at = this.soon()) {
    const wasPlaying = this.isPlaying;
    if (wasPlaying) this.endVoice(at);
    this.paused_s = this.inRegion(position_s) ? position_s : this.region.start_s;
    if (wasPlaying) this.startVoice(this.paused_s, at);
  }

  inRegion(position_s) {
    return position_s >= this.region.start_s && position_s < this.region.start_s + this.region.length_s;
  }

  /** Loop over [start_s, end_s]; null is the whole excerpt. */
  setRegion(loop) {
    const rate = this.context.sampleRate;
    const seam = Math.round(SEAM_S * rate);
    const [start_s, end_s] = loop ?? [0, this.duration_s];
    let from = Math.round(Math.max(0, start_s) * rate);
    if (from < seam) from = 0;
    const to = Math.min(this.frames, Math.max(Math.round(end_s * rate), from + Math.round(SHORTEST_LOOP_S * rate)));
    const buffer = regionBuffer(this.context, this.buffers, from, to, seam);
    const position_s = this.position();
    const wasPlaying = this.isPlaying;
    const at = this.soon();
    if (wasPlaying) this.endVoice(at);
    this.region = { buffer, start_s: from / rate, length_s: (to - from) / rate };
    this.paused_s = this.inRegion(position_s) ? position_s : this.region.start_s;
    if (wasPlaying) this.startVoice(this.paused_s, at);
  }

  startVoice(position_s, at) {
    const { context, region } = this;
    // Whole samples, so that no interpolation touches the signal.
    const offset_s = Math.round((position_s - region.start_s) * context.sampleRate) / context.sampleRate;
    const started_s = Math.ceil(at * context.sampleRate - 1e-6) / context.sampleRate;
    const channels = { channelCount: 2 * STEMS.length, channelCountMode: "explicit", channelInterpretation: "discrete" };
    const source = new AudioBufferSourceNode(context, { buffer: region.buffer, loop: true });
    const node = new GainNode(context, { gain: 0, ...channels });
    source.connect(node).connect(this.splitter);
    source.start(started_s, offset_s);
    const fade = new Ramp(node.gain, 0).to(1, started_s, RAMP_S);
    this.voice = { source, node, fade, started_s, offset_s };
  }

  endVoice(at) {
    const { source, node, fade } = this.voice;
    fade.to(0, at, RAMP_S);
    source.onended = () => node.disconnect();
    source.stop(at + RAMP_S);
    this.voice = null;
  }
}

/**
 * All stems of a region side by side, made to loop: its last 10 ms fade into what stands before its beginning, so that
 * the seam neither clicks nor adds a gap. At the very beginning of the excerpt, silence stands before it.
 */
function regionBuffer(context, buffers, from, to, seam) {
  const region = context.createBuffer(2 * STEMS.length, to - from, context.sampleRate);
  STEMS.forEach((role, i) => {
    const stem = buffers[role];
    if (!stem) return;
    for (const side of [0, 1]) {
      const source = stem.getChannelData(Math.min(side, stem.numberOfChannels - 1));
      region.copyToChannel(source.subarray(from, to), 2 * i + side);
      closeSeam(region.getChannelData(2 * i + side), source, from, seam);
    }
  });
  return region;
}

function closeSeam(samples, source, from, seam) {
  const end = samples.length - seam;
  for (let k = 0; k < seam; k += 1) {
    const share = (k + 1) / (seam + 1);
    const before = from >= seam ? source[from - seam + k] : 0;
    samples[end + k] = (1 - share) * samples[end + k] + share * before;
    if (from === 0) samples[k] *= share;
  }
}
