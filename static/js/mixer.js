/** The mixer page: puts desk, sound, faders, waveform and saves together. */

import { Answer } from "./answer.js";
import { Desk } from "./desk.js";
import { SAMPLE_RATE_HZ, STEMS, buildGraph, decodeStems } from "./engine.js";
import { Fader } from "./fader.js";
import { deskKeys, listenToKeys } from "./keys.js";
import { compensationDb, peakBoundDb, unpackGram, unpackPeaks } from "./loudness.js";
import { Meters } from "./meters.js";
import { SaveQueue, resendLeftovers } from "./save-queue.js";
import { storedVolumeDb, volumeControl } from "./volume.js";
import { Waveform, clock, unpackBytes } from "./waveform.js";

const find = (selector) => document.querySelector(selector);
const readJson = (id) => JSON.parse(document.getElementById(id).textContent);

const APPLY_EVERY_MS = 16; // not sooner than a move of 15 ms is over
const COUNT_EVERY_MS = 250;
const SAVE_LISTENING_MS = 10000;
const RESEND_EVERY_MS = 30000;
const RESEND_WAIT_MS = 1500;
const LOOP_SETTLE_MS = 120;

class Mixer {
  constructor(given, texts, csrfToken) {
    Object.assign(this, { given, texts, csrfToken });
    this.levels = levelFunctions(given);
    this.graph = null;
    this.counted_ms = null;
    this.savedListening_ms = 0;
    this.applied_ms = 0;
    this.strips = Object.fromEntries(STEMS.map((role) => [role, find(`.strip[data-role="${role}"]`)]));
  }

  async start() {
    const decoded = this.load();
    const leftovers = {};
    await Promise.race([resendLeftovers(this.csrfToken, leftovers), after(RESEND_WAIT_MS)]);
    const kept = leftovers[this.given.urls.save];
    this.given.submitted = kept?.submitted ?? this.given.submitted;
    this.hasListened = this.given.listened_s > 0 || kept?.listened_s > 0;
    this.desk = new Desk(this.given, kept?.isLatest ? kept.state : null);
    this.queue = new SaveQueue({
      url: this.given.urls.save,
      page: this.given.page,
      csrfToken: this.csrfToken,
      name: "desk",
      state: this.desk.saved(),
      onState: (state, message, status) => this.answer.showState(state, message, status),
      onAnswer: (answer, batch) => this.answer.taken(answer, batch),
    });
    this.answer = new Answer(this);
    this.buildStrips();
    this.buildTransport();
    const actions = this.actions();
    listenToKeys(actions, deskKeys(actions), find("#help"));
    find("#open-help").addEventListener("click", () => find("#help").showModal());
    setInterval(() => resendLeftovers(this.csrfToken), RESEND_EVERY_MS);
    document.addEventListener("visibilitychange", () => this.note({ kind: document.hidden ? "hidden" : "visible" }));
    this.buffers = await decoded;
    if (this.buffers) this.ready();
  }

  async load() {
    const loading = find("#loading");
    try {
      return await decodeStems(this.given.urls.stems, () => (loading.querySelector("progress").value += 1));
    } catch {
      loading.querySelector("progress").hidden = true;
      loading.querySelector(".loading-text").textContent = this.texts.decode_failed;
      loading.classList.add("bad");
      find("#reload").hidden = false;
      return null;
    }
  }

  ready() {
    find("#loading").hidden = true;
    find("#play").disabled = false;
    document.documentElement.dataset.ready = "true";
    performance.mark("playable");
  }

  // Strips

  buildStrips() {
    this.faders = {};
    this.lastRole = this.desk.stems[0];
    for (const role of this.desk.stems) {
      const strip = this.strips[role];
      this.faders[role] = new Fader(strip, {
        level_db: this.desk.faders_db[role],
        texts: this.texts,
        onMove: (level_db) => this.moveFader(role, level_db),
      });
      strip.addEventListener("focusin", () => (this.lastRole = role));
      strip.querySelector(".mute").addEventListener("click", () => this.toggle("mute", role));
      strip.querySelector(".solo").addEventListener("click", () => this.toggle("solo", role));
    }
    this.showGates();
  }

  moveFader(role, level_db) {
    this.desk.faders_db[role] = level_db;
    if (this.desk.side === "start") this.compare("now");
    this.note({ kind: "fader", stem: role, db: level_db });
    this.answer.touched();
    this.applySoon();
  }

  applySoon() {
    if (this.applyTimer || !this.graph) return;
    const wait_ms = Math.max(0, this.applied_ms + APPLY_EVERY_MS - performance.now());
    const apply = () => {
      this.applyTimer = null;
      this.applied_ms = performance.now();
      this.graph.move(this.desk.faders_db, this.desk.hold);
    };
    if (wait_ms === 0) apply();
    else this.applyTimer = setTimeout(apply, wait_ms);
  }

  toggle(list, role) {
    const isOn = this.desk.toggle(list, role);
    this.note({ kind: isOn ? list : `un${list}`, stem: role });
    this.graph?.gate(this.desk.mute, this.desk.solo);
    this.showGates();
  }

  showGates() {
    const { mute, solo } = this.desk;
    for (const role of this.desk.stems) {
      const strip = this.strips[role];
      strip.querySelector(".mute").setAttribute("aria-pressed", mute.includes(role));
      strip.querySelector(".solo").setAttribute("aria-pressed", solo.includes(role));
      strip.classList.toggle("silenced", solo.length ? !solo.includes(role) : mute.includes(role));
    }
  }

  // Transport

  buildTransport() {
    const { desk, given, texts } = this;
    this.waveform = new Waveform(find("#waveform"), {
      duration_s: given.duration_s,
      rows: STEMS.map((role) => ({ values: unpackBytes(given.waveform[role]), colour: `--stem-${role}` })),
      loop: desk.loop,
      texts,
      onSeek: (seconds) => this.seek(seconds),
      onLoop: (loop) => this.setLoop(loop),
    });
    find("#duration").textContent = clock(given.duration_s);
    find("#play").addEventListener("click", () => this.playOrPause());
    find("#hear-start").addEventListener("click", () => this.compare("start"));
    find("#hear-now").addEventListener("click", () => this.compare("now"));
    find("#clear-loop").addEventListener("click", () => this.waveform.setLoop(null));
    find("#clear-loop").disabled = desk.loop === null;
    const hold = find("#hold");
    hold.checked = desk.hold;
    hold.addEventListener("change", () => this.setHold(hold.checked));
    volumeControl(find("#volume"), (volume_db) => this.graph?.setVolume(volume_db));
    setInterval(() => this.countListening(), COUNT_EVERY_MS);
  }

  /** The graph needs a context, and a context a gesture: the first time that somebody plays. */
  makeGraph() {
    const { desk, levels, given } = this;
    const context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ, latencyHint: "interactive" });
    this.graph = buildGraph(context, this.buffers, {
      ...levels,
      start_db: given.start_db,
      faders_db: desk.faders_db,
      hold: desk.hold,
      mute: desk.mute,
      solo: desk.solo,
      loop: desk.loop,
      volume_db: storedVolumeDb(),
      ceiling_db: given.ceiling_dbfs,
    });
    if (desk.side === "start") this.graph.compare("start");
    this.graph.seek(this.waveform.position_s);
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.meters = new Meters(this.graph, {
      bars: Object.fromEntries(desk.stems.map((role) => [role, this.strips[role].querySelector(".meter-bar")])),
      levels: () => this.desk.heardFaders(),
      ownPeaks: ownPeaks(this.buffers),
      isCalm: () => calm.matches,
    });
    context.addEventListener("statechange", () => this.showPlaying());
  }

  async playOrPause() {
    if (!this.buffers) return;
    if (!this.graph) this.makeGraph();
    const { graph } = this;
    // A phone call or a change of device can stop the context under us.
    const isSounding = graph.isPlaying && graph.context.state === "running";
    if (isSounding) graph.pause();
    else {
      await graph.context.resume();
      graph.play();
    }
    this.countListening();
    this.note({ kind: isSounding ? "pause" : "play", s: tenths(graph.position()) });
    this.showPlaying();
  }

  isSounding() {
    return Boolean(this.graph?.isPlaying && this.graph.context.state === "running");
  }

  showPlaying() {
    const isSounding = this.isSounding();
    find("#play").classList.toggle("playing", isSounding);
    find("#play .play-label").textContent = isSounding ? this.texts.pause : this.texts.play;
    if (isSounding && !this.frame) this.frame = requestAnimationFrame((now_ms) => this.draw(now_ms));
    if (!isSounding && this.graph) this.waveform.showPosition(this.graph.position(), { isTold: true });
  }

  draw(now_ms) {
    this.frame = null;
    const { context } = this.graph;
    const heard_s = Math.max(0, context.currentTime - (context.outputLatency || 0));
    const position_s = this.graph.position(heard_s);
    this.waveform.showPosition(position_s);
    find("#position").textContent = clock(position_s);
    this.meters.draw(now_ms);
    // Once more after pausing, so that the meters fall.
    if (this.isSounding() || now_ms - this.sounded_ms < 1500) {
      if (this.isSounding()) this.sounded_ms = now_ms;
      this.frame = requestAnimationFrame((later_ms) => this.draw(later_ms));
    }
  }

  seek(seconds) {
    if (this.graph) this.graph.seek(seconds);
    const position_s = this.graph ? this.graph.paused_s : seconds;
    this.waveform.showPosition(position_s, { isTold: true });
    find("#position").textContent = clock(position_s);
    this.note({ kind: "seek", s: tenths(position_s) });
  }

  setLoop(loop) {
    this.desk.loop = loop;
    find("#clear-loop").disabled = loop === null;
    this.note({ kind: "loop", loop });
    clearTimeout(this.loopTimer);
    this.loopTimer = setTimeout(() => this.graph?.setRegion(this.desk.loop), LOOP_SETTLE_MS);
  }

  compare(side) {
    if (this.desk.side === side) return;
    this.desk.side = side;
    this.graph?.compare(side);
    find("#hear-start").setAttribute("aria-pressed", side === "start");
    find("#hear-now").setAttribute("aria-pressed", side === "now");
    find("#console").classList.toggle("hearing-start", side === "start");
    this.note({ kind: "ab", side });
  }

  setHold(isHeld) {
    this.desk.hold = isHeld;
    find("#hold").checked = isHeld;
    this.note({ kind: "hold", on: isHeld });
    this.applySoon();
  }

  // Saving

  note(event) {
    this.queue.note(event, this.desk.saved());
  }

  countListening() {
    const now_ms = performance.now();
    if (this.counted_ms !== null) this.queue.listened((now_ms - this.counted_ms) / 1000);
    if (this.counted_ms !== null) this.answer.hasListened = true;
    this.counted_ms = this.isSounding() ? now_ms : null;
    if (this.counted_ms !== null && now_ms - this.savedListening_ms > SAVE_LISTENING_MS) {
      this.savedListening_ms = now_ms;
      this.queue.changed(this.desk.saved());
    }
  }

  actions() {
    const strip = () => this.strips[this.lastRole];
    return {
      play: () => this.playOrPause(),
      submit: () => this.answer.submit(),
      strip: (i) => this.strips[STEMS[i]].querySelector(".fader-track").focus(),
      mute: () => strip().querySelector(".mute").click(),
      solo: () => strip().querySelector(".solo").click(),
      off: () => this.faders[this.lastRole].toggleOff(),
      compare: () => this.compare(this.desk.side === "now" ? "start" : "now"),
      hold: () => this.setHold(!this.desk.hold),
      loopStart: () => this.waveform.setLoop(this.waveform.moveEdge(0, this.waveform.position_s)),
      loopEnd: () => this.waveform.setLoop(this.waveform.moveEdge(1, this.waveform.position_s)),
      clearLoop: () => this.waveform.setLoop(null),
      seek: (seconds) =>
        this.seek(Math.min(this.given.duration_s, Math.max(0, this.waveform.position_s + seconds))),
    };
  }
}

/** Compensation and peak bound of a balance, from the numbers that came with the page. */
function levelFunctions({ gram: packedGram, peaks: packedPeaks, n_hops, n_peaks, target_lufs, ceiling_dbfs }) {
  const gram = unpackGram(packedGram, n_hops);
  const peaks = unpackPeaks(packedPeaks, n_peaks);
  const inOrder = (faders_db) => STEMS.map((role) => faders_db[role]);
  return {
    boundDb: (faders_db) => peakBoundDb(peaks, inOrder(faders_db)),
    compensationDb: (faders_db) =>
      compensationDb({ gram, peaks, faders_db: inOrder(faders_db), target_lufs, ceiling_db: ceiling_dbfs }),
  };
}

function ownPeaks(buffers) {
  const peakOf = (buffer) => {
    let peak = 0;
    for (let side = 0; side < buffer.numberOfChannels; side += 1) {
      for (const sample of buffer.getChannelData(side)) peak = Math.max(peak, Math.abs(sample));
    }
    return peak;
  };
  return Object.fromEntries(STEMS.map((role) => [role, buffers[role] ? peakOf(buffers[role]) : 0]));
}

function tenths(seconds) {
  return Math.round(seconds * 10) / 10;
}

function after(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

new Mixer(readJson("desk"), readJson("texts"), find("#answer [name=csrfmiddlewaretoken]").value).start();
