// A series of points in the order of their own time, with a bound: what a chart draws.
//
// When it is full it is thinned, evenly over its time: of each part the lowest and the highest point stay, so extremes do.

const MISSED = 3; // readings in a row

export class Series {
  constructor(most = 10_000) {
    this.most = Math.max(8, most);
    this.clear();
  }

  clear() {
    this.times = []; // Unix milliseconds, ascending
    this.values = [];
    this.thinned = false; // whether some are left out
  }

  get length() {
    return this.times.length;
  }

  load(points) {
    this.clear();
    for (const [ts, value] of points) this.add(ts, value);
  }

  // A late point finds its place; of points with the same time the one that came later stands later. Booleans are 0 and
  // 1; what else is no number is no point. Returns whether it was taken.
  add(ts, value) {
    const number = typeof value === "boolean" ? Number(value) : value;
    if (typeof number !== "number" || !Number.isFinite(number) || !Number.isFinite(ts)) return false;
    const at = this.times.length && ts < this.times.at(-1) ? this.after(ts) : this.times.length;
    if (at === this.times.length) {
      this.times.push(ts);
      this.values.push(number);
    } else {
      this.times.splice(at, 0, ts);
      this.values.splice(at, 0, number);
    }
    if (this.times.length > this.most) this.thin();
    return true;
  }

  // Forget what is before `fromMs`, but for one point: the line comes from somewhere.
  forget(fromMs) {
    const gone = this.before(fromMs) - 1;
    if (gone <= 0) return;
    this.times.splice(0, gone);
    this.values.splice(0, gone);
  }

  // Lowest, highest, mean, and number of points from `fromMs` to `toMs`; null if there is none.
  summary(fromMs = -Infinity, toMs = Infinity) {
    const first = fromMs === -Infinity ? 0 : this.before(fromMs);
    const end = toMs === Infinity ? this.times.length : this.after(toMs);
    const count = end - first;
    if (count <= 0) return null;
    let [lowest, highest, sum] = [Infinity, -Infinity, 0];
    for (let at = first; at < end; at++) {
      const value = this.values[at];
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
      sum += value;
    }
    const mean = Number.isFinite(sum) ? sum / count : this.values.slice(first, end).reduce((all, each) => all + each / count, 0);
    return { lowest, highest, mean, count };
  }

  // How many points are not after `ts`.
  after(ts) {
    let [low, high] = [0, this.times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= ts) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // How many points are before `ts`.
  before(ts) {
    let [low, high] = [0, this.times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] < ts) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Whether the line is broken before a point: nothing came for longer than `longestMs`, and for longer than is usual
  // around it. What came every five minutes once and every second now has no silence in its past.
  broken(at, longestMs) {
    const step = this.times[at] - this.times[at - 1];
    return step > longestMs && step > MISSED * Math.max(this.usual(at - 1, -1), this.usual(at + 1, 1));
  }

  // The median of three steps from the one before the point `at` on, in the direction of `by`; 0 if there are fewer.
  usual(at, by) {
    const { times } = this;
    const last = at + 2 * by;
    if (Math.min(at, last) < 1 || Math.max(at, last) >= times.length) return 0;
    const [a, b, c] = [times[at] - times[at - 1], times[at + by] - times[at + by - 1], times[last] - times[last - 1]];
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }

  // Where it is broken: [[from, to], …].
  silences(longestMs) {
    const found = [];
    for (let at = 1; at < this.times.length; at++) {
      if (this.broken(at, longestMs)) found.push([this.times[at - 1], this.times[at]]);
    }
    return found;
  }

  thin() {
    this.thinned = true;
    const { times, values } = this;
    const last = times.length - 1;
    const width = Math.max(1, (times[last] - times[0]) / (this.most >> 2));
    const kept = new Set();
    for (let from = 0, to; from <= last; from = to) {
      const part = Math.floor((times[from] - times[0]) / width);
      let [lowest, highest] = [from, from];
      for (to = from; to <= last && Math.floor((times[to] - times[0]) / width) === part; to++) {
        if (values[to] < values[lowest]) lowest = to;
        if (values[to] >= values[highest]) highest = to;
      }
      kept.add(Math.min(lowest, highest)).add(Math.max(lowest, highest));
    }
    kept.add(last);
    this.times = Array.from(kept, (at) => times[at]);
    this.values = Array.from(kept, (at) => values[at]);
  }
}
