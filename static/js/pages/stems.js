/**
 * Stems for researchers: as they were imported, decoded once. A file may hold them at half amplitude, so that peaks
 * over full scale survive; its header says so.
 */

import { SAMPLE_RATE_HZ, STEMS } from "../engine.js";

/** {role: url or null} -> {role: AudioBuffer or null}. */
export async function fetchStems(urls) {
  const decoder = new OfflineAudioContext(2, 1, SAMPLE_RATE_HZ);
  const one = async (role) => {
    if (urls[role] === null) return [role, null];
    const answer = await fetch(urls[role]);
    if (!answer.ok) throw new Error(`${role}: ${answer.status}`);
    const scale = Number(answer.headers.get("X-Stem-Scale") ?? 1);
    const buffer = await decoder.decodeAudioData(await answer.arrayBuffer());
    if (scale !== 1) unscale(buffer, scale);
    return [role, buffer];
  };
  return Object.fromEntries(await Promise.all(STEMS.map(one)));
}

function unscale(buffer, scale) {
  for (let side = 0; side < buffer.numberOfChannels; side += 1) {
    const samples = buffer.getChannelData(side);
    for (let i = 0; i < samples.length; i += 1) samples[i] /= scale;
  }
}

export function readJson(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

/** 83.25 -> "1:23.2", as the server writes it. */
export function clock(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  const rest = tenths % 600;
  return `${Math.floor(tenths / 600)}:${String(Math.floor(rest / 10)).padStart(2, "0")}.${rest % 10}`;
}

/** Whether a key pressed there belongs to the element. */
export function takesKeys(element) {
  return element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=range])");
}
