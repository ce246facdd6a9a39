/** What one listens with, as far as a browser tells and no further than a study needs. */

const BROWSERS = [
  ["Edg/", "edge"],
  ["OPR/", "opera"],
  ["Firefox/", "firefox"],
  ["Chrome/", "chromium"],
  ["Safari/", "safari"],
];

/** @param context a running AudioContext */
export function device(context) {
  const agent = navigator.userAgent;
  const [, browser] = BROWSERS.find(([mark]) => agent.includes(mark)) ?? ["", "other"];
  return {
    browser,
    is_touch: matchMedia("(pointer: coarse)").matches,
    channels: context.destination.maxChannelCount,
    rate_hz: context.sampleRate,
    latency_ms: Math.round(1000 * (context.outputLatency || context.baseLatency || 0)),
  };
}
