/**
 * The sounds of a trial, all started at the same sample, one of them heard. A switch is a linear crossfade of 15 ms at
 * the same position: the versions are correlated, so equal power would bump by 3 dB and announce itself. Their equal
 * loudness is the server's work; nothing here has a gain of its own.
 */

import { Ramp } from "../ramp.js";
import { RAMP_S, Transport, linear } from "../transport.js";

/**
 * @param context AudioContext or OfflineAudioContext at 44.1 kHz
 * @param buffers {name: AudioBuffer}, all of one length
 * @param settings {heard: name, loop: [start_s, end_s] or null, volume_db: number}
 */
export function buildVersions(context, buffers, settings) {
  return new Versions(context, buffers, settings);
}

class Versions extends Transport {
  constructor(context, buffers, { heard, loop, volume_db }) {
    const gain = (value) => new GainNode(context, { gain: value, channelCount: 2, channelCountMode: "explicit" });
    const sides = Object.keys(buffers).map((name) => [name, gain(name === heard ? 1 : 0)]);
    super(context, sides.map(([name, node]) => ({ buffers: [buffers[name]], output: node })));
    const volume = gain(linear(volume_db));
    for (const [, node] of sides) node.connect(volume);
    volume.connect(context.destination);
    this.volume = new Ramp(volume.gain, linear(volume_db));
    this.sides = Object.fromEntries(sides.map(([name, node]) => [name, new Ramp(node.gain, name === heard ? 1 : 0)]));
    this.heard = heard;
    this.setRegion(loop);
  }

  switchTo(name, at = this.soon()) {
    if (name === this.heard) return;
    for (const [other, side] of Object.entries(this.sides)) {
      const goal = other === name ? 1 : 0;
      // One still on its way starts anew with the others, so that the sum of the gains stays 1.
      if (side.value(at) !== goal || side.value(Infinity) !== goal) side.to(goal, at, RAMP_S);
    }
    this.heard = name;
  }

  setVolume(volume_db, at = this.soon()) {
    this.volume.to(linear(volume_db), at, RAMP_S);
  }
}
