/**
 * Sounds of one length that play together, sample by sample: play, pause, seek, and a loop without a gap.
 *
 * A track is {buffers, output}: buffers side by side (2 channels each; null is silence) that go into one node. All
 * tracks start at the same sample, so they never drift apart.
 */

import { Ramp } from "./ramp.js";

export const SAMPLE_RATE_HZ = 44100;
export const RAMP_S = 0.015;
export const SEAM_S = 0.01;
export const SHORTEST_LOOP_S = 0.5;
const LEAD_S = 0.005; // a little ahead of the clock, so that no line starts in a block already rendered

export function linear(gainDb) {
  return gainDb === null ? 0 : 10 ** (gainDb / 20);
}

/** Fetch and decode sounds: {name: url or null} -> {name: AudioBuffer or null}. Needs no gesture. */
export async function decodeSounds(urls, onDecoded = () => {}) {
  const decoder = new OfflineAudioContext(2, 1, SAMPLE_RATE_HZ);
  const decode = async ([name, url]) => {
    if (url === null) return [name, null];
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    const buffer = await decoder.decodeAudioData(await answer.arrayBuffer());
    onDecoded(name);
    return [name, buffer];
  };
  return Object.fromEntries(await Promise.all(Object.entries(urls).map(decode)));
}

export class Transport {
  constructor(context, tracks) {
    this.context = context;
    this.tracks = tracks;
    const sounding = tracks.flatMap(({ buffers }) => buffers).filter(Boolean);
    this.frames = Math.min(...sounding.map((buffer) => buffer.length));
    this.duration_s = this.frames / context.sampleRate;
    this.voice = null;
    this.paused_s = 0;
  }

  /** The soonest time at which something can change without a step. */
  soon() {
    return this.context.currentTime + LEAD_S;
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
    const regions = this.tracks.map(({ buffers }) => regionBuffer(this.context, buffers, from, to, seam));
    const position_s = this.position();
    const wasPlaying = this.isPlaying;
    const at = this.soon();
    if (wasPlaying) this.endVoice(at);
    this.region = { buffers: regions, start_s: from / rate, length_s: (to - from) / rate };
    this.paused_s = this.inRegion(position_s) ? position_s : this.region.start_s;
    if (wasPlaying) this.startVoice(this.paused_s, at);
  }

  startVoice(position_s, at) {
    const { context, region } = this;
    // Whole samples, so that no interpolation touches the signal.
    const offset_s = Math.round((position_s - region.start_s) * context.sampleRate) / context.sampleRate;
    const started_s = Math.ceil(at * context.sampleRate - 1e-6) / context.sampleRate;
    const parts = this.tracks.map(({ buffers, output }, i) => {
      const channels = { channelCountMode: "explicit", channelInterpretation: "discrete" };
      const source = new AudioBufferSourceNode(context, { buffer: region.buffers[i], loop: true });
      const node = new GainNode(context, { gain: 0, channelCount: 2 * buffers.length, ...channels });
      source.connect(node).connect(output);
      source.start(started_s, offset_s);
      return { source, node, fade: new Ramp(node.gain, 0).to(1, started_s, RAMP_S) };
    });
    this.voice = { parts, started_s, offset_s };
  }

  endVoice(at) {
    for (const { source, node, fade } of this.voice.parts) {
      fade.to(0, at, RAMP_S);
      source.onended = () => node.disconnect();
      source.stop(at + RAMP_S);
    }
    this.voice = null;
  }
}

/**
 * A region of buffers side by side, made to loop: its last 10 ms fade into what stands before its beginning, so that
 * the seam neither clicks nor adds a gap. At the very beginning of the excerpt, silence stands before it.
 */
function regionBuffer(context, buffers, from, to, seam) {
  const region = context.createBuffer(2 * buffers.length, to - from, context.sampleRate);
  buffers.forEach((buffer, i) => {
    if (!buffer) return;
    for (const side of [0, 1]) {
      const source = buffer.getChannelData(Math.min(side, buffer.numberOfChannels - 1));
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
