/**
 * An AudioParam that moves in straight lines and knows its own value at any time, so that a move can begin in the
 * middle of another one without a step (Firefox has no cancelAndHoldAtTime, and reading `param.value` is late by a
 * block). Times must not go backwards from one call to the next.
 */

const AFTER_S = 1e-6; // less than a sample: everything behind a point in time, not the point itself

export class Ramp {
  constructor(param, value) {
    this.param = param;
    this.points = [{ at: 0, value }];
    param.setValueAtTime(value, 0);
  }

  /** Value at a time, in the unit of the parameter. */
  value(at) {
    const { points } = this;
    const next = points.findIndex((point) => point.at > at);
    if (next === -1) return points[points.length - 1].value;
    if (next === 0) return points[0].value;
    const [left, right] = [points[next - 1], points[next]];
    return left.value + ((right.value - left.value) * (at - left.at)) / (right.at - left.at);
  }

  /** Stay from here on at the value it has then. The point is set before what follows is taken away, so that a block
   * rendered between the two calls hears no step. */
  hold(at) {
    const value = this.value(at);
    this.param.linearRampToValueAtTime(value, at);
    this.param.cancelScheduledValues(at + AFTER_S);
    const past = this.points.filter((point) => point.at < at);
    this.points = [...past.slice(-1), { at, value }];
    return this;
  }

  /** Stay until then. */
  wait(until) {
    return this.line(this.points[this.points.length - 1].value, until);
  }

  /** Go straight to a value, to be there at that time. */
  line(value, until) {
    this.param.linearRampToValueAtTime(value, until);
    this.points.push({ at: until, value });
    return this;
  }

  /** From the value at `at` to another within `seconds`. */
  to(value, at, seconds) {
    return this.hold(at).line(value, at + seconds);
  }
}
