/**
 * Meters that say when a stem sounds and how its fader moves it, never how loud it is beside the others: each is drawn
 * relative to that stem's own peak. They tell nothing that the fader's place does not, so nobody can mix by eye.
 */

import { STEMS, linear } from "./engine.js";

const RANGE_DB = 48;
const TOP_DB = 12;
const FALL_DB_PER_S = 30;
const CALM_MS = 250; // with reduced motion: a few looks a second, nothing that flickers

export class Meters {
  /** @param graph the desk's graph; bars {role: element}; levels() -> {role: dB or null} as heard now */
  constructor(graph, { bars, levels, ownPeaks, isCalm }) {
    this.graph = graph;
    this.bars = bars;
    this.levels = levels;
    this.ownPeaks = ownPeaks;
    this.isCalm = isCalm;
    this.shown_db = Object.fromEntries(STEMS.map((role) => [role, -Infinity]));
    this.samples = new Float32Array(2048);
    this.analysers = Object.fromEntries(STEMS.map((role) => [role, this.listen(graph.taps[role])]));
    this.drawn_ms = 0;
  }

  listen(node) {
    const analyser = new AnalyserNode(this.graph.context, { fftSize: this.samples.length });
    node.connect(analyser);
    return analyser;
  }

  peak(analyser) {
    analyser.getFloatTimeDomainData(this.samples);
    let peak = 0;
    for (const sample of this.samples) peak = Math.max(peak, Math.abs(sample));
    return peak;
  }

  /** Call once per animation frame. */
  draw(now_ms) {
    if (this.isCalm() && now_ms - this.drawn_ms < CALM_MS) return;
    const fall_db = (FALL_DB_PER_S * (now_ms - this.drawn_ms)) / 1000;
    this.drawn_ms = now_ms;
    const levels = this.levels();
    for (const role of STEMS) {
      if (!this.bars[role]) continue;
      const peak = (this.peak(this.analysers[role]) / (this.ownPeaks[role] || 1)) * linear(levels[role]);
      const level_db = peak > 0 ? 20 * Math.log10(peak) : -Infinity;
      this.shown_db[role] = Math.max(level_db, this.shown_db[role] - fall_db);
      const share = (this.shown_db[role] - TOP_DB + RANGE_DB) / RANGE_DB;
      this.bars[role].style.setProperty("--share", Math.min(1, Math.max(0, share)).toFixed(3));
    }
  }
}
