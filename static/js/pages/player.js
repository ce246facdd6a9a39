/**
 * Plays given gains of four stems, looped, on the desk's own graph. The gains hold the loudness already, so the
 * graph's compensation rests and every change is one linear crossfade of 15 ms.
 */

import { SAMPLE_RATE_HZ, STEMS, buildGraph } from "../engine.js";
import { storedVolumeDb } from "../volume.js";

const resting = { compensationDb: () => 0, boundDb: () => null };

export class Player {
  /** @param load () => Promise of {role: AudioBuffer or null}; called when somebody first plays
   *  @param gains_db {role: dB or null}
   *  @param onState ("loading" | "playing" | "paused" | "failed") */
  constructor({ load, gains_db, onState }) {
    Object.assign(this, { load, gains_db, onState, graph: null, isLoading: false });
  }

  get isPlaying() {
    return Boolean(this.graph?.isPlaying);
  }

  /** Where it sounds, in seconds. */
  position() {
    return this.graph ? this.graph.position() : 0;
  }

  async play() {
    if (this.isLoading || this.isPlaying) return;
    if (!this.graph && !(await this.makeGraph())) return;
    await this.graph.context.resume();
    this.graph.play();
    this.onState("playing");
  }

  pause() {
    if (!this.isPlaying) return;
    this.graph.pause();
    this.onState("paused");
  }

  toggle() {
    return this.isPlaying ? this.pause() : this.play();
  }

  switchTo(gains_db) {
    this.gains_db = gains_db;
    this.graph?.move(gains_db);
  }

  /** Forget what was loaded: another stretch comes next. */
  forget() {
    this.pause();
    this.graph?.context.close();
    this.graph = null;
  }

  async makeGraph() {
    this.isLoading = true;
    this.onState("loading");
    try {
      const buffers = await this.load();
      const context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ, latencyHint: "interactive" });
      const silent = Object.fromEntries(STEMS.map((role) => [role, null]));
      const settings = { start_db: silent, faders_db: this.gains_db, hold: true, mute: [], solo: [], loop: null };
      this.graph = buildGraph(context, buffers, { ...resting, ...settings, volume_db: storedVolumeDb(), ceiling_db: 0 });
      return true;
    } catch {
      this.onState("failed");
      return false;
    } finally {
      this.isLoading = false;
    }
  }
}

/** Tie a button and a line of text to a player; the words stand in the page. */
export function playButton(button, line) {
  const label = button.querySelector("[data-label]");
  return (state) => {
    button.setAttribute("aria-pressed", state === "playing");
    label.textContent = button.dataset[state === "playing" ? "pause" : "play"];
    line.textContent = state === "loading" ? button.dataset.loading : state === "failed" ? button.dataset.failed : "";
  };
}
