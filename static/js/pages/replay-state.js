/** Where the desk stood at any time of a replay: plain values, no page and no sound. */

/** The desk as the annotator found it. `duration_s` is the excerpt's. */
export function beginning(start_db, duration_s) {
  const sounds = { playing: false, position_s: 0, loop: null, side: "now" };
  return { at_s: 0, duration_s, faders_db: { ...start_db }, mute: [], solo: [], hold: true, ...sounds };
}

/** Let time pass: what plays goes on and comes back to the start of its loop. */
export function wait(state, until_s) {
  if (state.playing) {
    const [start_s, end_s] = state.loop ?? [0, state.duration_s];
    const from_s = state.position_s >= start_s && state.position_s < end_s ? state.position_s : start_s;
    state.position_s = start_s + ((from_s - start_s + until_s - state.at_s) % (end_s - start_s));
  }
  state.at_s = until_s;
  return state;
}

const without = (list, stem) => list.filter((other) => other !== stem);

const reducers = {
  fader: (state, { stem, value }) => (state.faders_db[stem] = value),
  mute: (state, { stem }) => (state.mute = [...without(state.mute, stem), stem]),
  unmute: (state, { stem }) => (state.mute = without(state.mute, stem)),
  solo: (state, { stem }) => (state.solo = [...without(state.solo, stem), stem]),
  unsolo: (state, { stem }) => (state.solo = without(state.solo, stem)),
  loop: (state, { value }) => (state.loop = value),
  hold: (state, { value }) => (state.hold = value),
  ab: (state, { value }) => (state.side = value),
  seek: (state, { value }) => (state.position_s = value),
  play: (state, { value }) => Object.assign(state, { playing: true, position_s: value ?? state.position_s }),
  pause: (state, { value }) => Object.assign(state, { playing: false, position_s: value ?? state.position_s }),
  visit: (state) => Object.assign(state, { playing: false, position_s: 0, side: "now" }),
};

/** Take one moment in; kinds that change nothing on the desk pass. */
export function apply(state, moment) {
  wait(state, moment.at_s);
  reducers[moment.kind]?.(state, moment);
  return state;
}

/** The state at a time, and the place of the first moment after it. */
export function stateAt(moments, begin, at_s) {
  const state = begin();
  let next = 0;
  while (next < moments.length && moments[next].at_s <= at_s) {
    apply(state, moments[next]);
    next += 1;
  }
  return { state: wait(state, at_s), next };
}
