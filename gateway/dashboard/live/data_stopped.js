// Whether readings have stopped to come, of all devices: nothing for long past what is usual, while the connection is live.

const SOONEST_MS = 60_000;
const TIMES = 3; // the longest gap of those that are remembered
const REMEMBERED = 50;
const ENOUGH = 5; // gaps tell what is usual
const TOGETHER_MS = 1_000; // what comes within is one: a hundred devices that post at once are usual only as often as that

export class DataStopped {
  constructor() {
    this.gaps = [];
    this.last = null;
    this.beat = null; // when the first came of those that came together
    this.liveFrom = null;
  }

  // The connection is live from `now` on, or not any more: what nobody could hear is no gap.
  live(is, now) {
    if (is && this.liveFrom === null) this.liveFrom = now;
    if (!is) this.liveFrom = null;
    this.broken = true;
  }

  // The newest reading of all came at `at`, by the viewer's clock.
  heard(at) {
    if (this.last !== null && at <= this.last) return;
    if (this.broken || this.last === null || at - this.beat >= TOGETHER_MS) {
      if (this.last !== null && !this.broken) this.remember(at - this.last);
      this.beat = at;
    }
    this.broken = false;
    this.last = at;
  }

  // When readings of the past came, in any order: what was usual before the page was opened.
  learn(times) {
    let [beat, last] = [-Infinity, null];
    for (const at of [...times].sort((a, b) => a - b)) {
      if (at - beat >= TOGETHER_MS) {
        if (last !== null) this.remember(at - last);
        beat = at;
      }
      last = at;
    }
  }

  remember(gap) {
    this.gaps.push(gap);
    if (this.gaps.length > REMEMBERED) this.gaps.shift();
  }

  // Since when there are none; null as long as that is usual, or nothing can be said.
  since(now) {
    if (this.liveFrom === null || this.last === null || this.gaps.length < ENOUGH) return null;
    const longest = Math.max(SOONEST_MS, TIMES * Math.max(...this.gaps));
    return now - this.last > longest && now - this.liveFrom > SOONEST_MS / TIMES ? this.last : null;
  }
}
