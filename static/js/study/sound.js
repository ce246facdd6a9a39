/** What is heard of a trial: loading, play and pause, switching, the loop, and the seconds listened to each sound. */

import { SAMPLE_RATE_HZ, decodeSounds } from "../transport.js";
import { storedVolumeDb, volumeControl } from "../volume.js";
import { Waveform, clock } from "../waveform.js";
import { device } from "./device.js";
import { envelope } from "./envelope.js";
import { buildVersions } from "./versions.js";

const COUNT_EVERY_MS = 250;
const LOOP_SETTLE_MS = 120;

const find = (selector) => document.querySelector(selector);
const tenths = (seconds) => Math.round(seconds * 10) / 10;

export class Sound {
  /** @param trial what the server gave: {sounds, duration_s}
   *  @param on {note(event), listened(seconds, name), switched(name)} */
  constructor(trial, texts, on) {
    Object.assign(this, { texts, on });
    this.urls = Object.fromEntries(Object.entries(trial.sounds).filter(([, url]) => url));
    this.names = Object.keys(this.urls);
    this.heard = this.names[0];
    this.duration_s = trial.duration_s;
    this.loop = null;
    this.graph = null;
    this.buffers = null;
    this.counted_ms = null;
    this.build();
  }

  build() {
    this.waveform = new Waveform(find("#waveform"), {
      duration_s: this.duration_s,
      rows: [],
      loop: null,
      texts: this.texts,
      onSeek: (seconds) => this.seek(seconds),
      onLoop: (loop) => this.setLoop(loop),
    });
    find("#duration").textContent = clock(this.duration_s);
    find("#play").addEventListener("click", () => this.playOrPause());
    find("#clear-loop").addEventListener("click", () => this.waveform.setLoop(null));
    for (const button of document.querySelectorAll("button[data-sound]")) {
      button.addEventListener("click", () => this.switchTo(button.dataset.sound));
    }
    volumeControl(find("#volume"), (volume_db) => this.graph?.setVolume(volume_db));
    find("#volume").addEventListener("change", (event) => this.on.note({ kind: "volume", db: Number(event.target.value) }));
    setInterval(() => this.count(), COUNT_EVERY_MS);
    this.show();
  }

  async load() {
    const loading = find("#loading");
    const bar = loading.querySelector("progress");
    bar.max = this.names.length;
    try {
      this.buffers = await decodeSounds(this.urls, () => (bar.value += 1));
    } catch {
      bar.hidden = true;
      loading.querySelector(".loading-text").textContent = this.texts.decode_failed;
      loading.classList.add("bad");
      find("#reload").hidden = false;
      return;
    }
    this.waveform.setRows([{ values: envelope(Object.values(this.buffers)), colour: "--wave" }]);
    loading.hidden = true;
    find("#play").disabled = false;
    document.documentElement.dataset.ready = "true";
  }

  /** The graph needs a context, and a context a gesture: the first time that somebody plays. */
  makeGraph() {
    const context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ, latencyHint: "interactive" });
    const settings = { heard: this.heard, loop: this.loop, volume_db: storedVolumeDb() };
    this.graph = buildVersions(context, this.buffers, settings);
    this.graph.seek(this.waveform.position_s);
    context.addEventListener("statechange", () => this.show());
    this.on.note({ kind: "device", ...device(context) });
  }

  isSounding() {
    return Boolean(this.graph?.isPlaying && this.graph.context.state === "running");
  }

  async playOrPause() {
    if (!this.buffers) return;
    if (!this.graph) this.makeGraph();
    const { graph } = this;
    // A phone call or a change of device can stop the context under us.
    const wasSounding = this.isSounding();
    this.count();
    if (wasSounding) graph.pause();
    else {
      await graph.context.resume();
      graph.play();
    }
    this.count();
    this.on.note({ kind: wasSounding ? "pause" : "play", s: tenths(graph.position()), sound: this.heard });
    this.show();
  }

  pause() {
    if (this.isSounding()) this.playOrPause();
  }

  switchTo(name) {
    if (!(name in this.urls) || name === this.heard) return;
    this.count();
    this.heard = name;
    this.graph?.switchTo(name);
    this.on.note({ kind: "switch", sound: name, s: tenths(this.waveform.position_s) });
    this.show();
  }

  seek(seconds) {
    const target_s = Math.min(this.duration_s, Math.max(0, seconds));
    this.graph?.seek(target_s);
    const position_s = this.graph ? this.graph.paused_s : target_s;
    this.waveform.showPosition(position_s, { isTold: true });
    find("#position").textContent = clock(position_s);
    this.on.note({ kind: "seek", s: tenths(position_s) });
  }

  setLoop(loop) {
    this.loop = loop;
    find("#clear-loop").disabled = loop === null;
    const [start_s, end_s] = loop ?? [null, null];
    this.on.note({ kind: "loop", start_s, end_s });
    clearTimeout(this.loopTimer);
    this.loopTimer = setTimeout(() => this.graph?.setRegion(this.loop), LOOP_SETTLE_MS);
  }

  /** Seconds since the last count go to the sound that was heard. */
  count() {
    const now_ms = performance.now();
    if (this.counted_ms !== null) this.on.listened((now_ms - this.counted_ms) / 1000, this.heard);
    this.counted_ms = this.isSounding() ? now_ms : null;
  }

  show() {
    const isSounding = this.isSounding();
    find("#play").classList.toggle("playing", isSounding);
    find("#play .play-label").textContent = isSounding ? this.texts.pause : this.texts.play;
    for (const button of document.querySelectorAll("button[data-sound]")) {
      button.setAttribute("aria-pressed", button.dataset.sound === this.heard);
    }
    document.documentElement.classList.toggle("sounding", isSounding);
    this.on.switched(this.heard);
    if (isSounding && !this.frame) this.frame = requestAnimationFrame(() => this.draw());
    if (!isSounding && this.graph) this.waveform.showPosition(this.graph.position(), { isTold: true });
  }

  draw() {
    this.frame = null;
    if (!this.isSounding()) return;
    const { context } = this.graph;
    const position_s = this.graph.position(Math.max(0, context.currentTime - (context.outputLatency || 0)));
    this.waveform.showPosition(position_s);
    find("#position").textContent = clock(position_s);
    this.frame = requestAnimationFrame(() => this.draw());
  }
}
