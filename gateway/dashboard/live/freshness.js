// How old a value is, and whether its source has fallen silent. Times are Unix milliseconds of the viewer's clock, but for
// `ts`, which is the device's.
//
// A reading that comes late, of a buffer or after a sleep, is as old as it is, and not new because it has just arrived. A
// device whose clock is behind looks the same at first. What tells them apart is time: of a buffer readings arrive faster
// than they were measured, of a slow clock at the pace at which they were. So a `ts` is believed until two arrivals in a
// row were late by the same; then that is the clock, and from then on the shortest time between `ts` and arrival counts.

const SOONEST_SILENT_MS = 15_000;
const MISSED = 3; // readings in a row
const SMOOTHING = 0.2;
const LEARNED = 20; // points are enough
const THINNED_LEAST = 10; // steps between points that are left
const THINNED_SHARE = 0.1; // of them are steps between readings that followed each other, or nearly so
const STEADY_MS = 1_000; // arrivals that are closer tell nothing

// How a device's clock and the viewer's differ. The metrics of one device share one.
export class Clock {
  // `skewMs`: how far the viewer's clock is ahead of the server's. `trusting`: what is late is taken for a slow clock at once.
  constructor({ skewMs = 0, trusting = false } = {}) {
    this.skewMs = skewMs;
    this.trusting = trusting;
    this.shortestMs = Infinity;
    this.slowMs = null; // how far the device's is behind, if it is, or how long its readings always take
    this.last = null; // arrival that another one is compared with: {ts, at, lateMs}
  }

  // A reading came at `at`, of the viewer's clock.
  arrived(ts, at) {
    const { last } = this;
    if (last && ts <= last.ts) return;
    const lateMs = at - ts;
    this.shortestMs = Math.min(this.shortestMs, lateMs);
    if (this.slowMs !== null && lateMs < this.slowMs - STEADY_MS) this.slowMs = null; // it was a buffer's first reading
    const stepMs = last ? at - last.at : 0;
    const steady = last && Math.abs(lateMs - last.lateMs) <= Math.max(stepMs, STEADY_MS) / 2;
    if (steady && stepMs < STEADY_MS) return;
    if (steady) this.slowMs = this.shortestMs;
    this.last = { ts, at, lateMs };
  }

  // What is added to a `ts` to have it by the viewer's clock.
  get lagMs() {
    if (this.slowMs !== null || (this.trusting && this.last)) return this.shortestMs;
    return Math.min(this.skewMs, this.shortestMs);
  }
}

export class Freshness {
  // `silentMs`: how long is too long, if that is known; else it is learned, and until then `unknownMs` counts.
  constructor({ silentMs = null, unknownMs = 120_000, clock = new Clock() } = {}) {
    this.fixedMs = silentMs;
    this.unknownMs = unknownMs;
    this.clock = clock;
    this.paceMs = 0;
    this.ts = null;
    this.at = null; // when the newest came, where that is known
  }

  get lagMs() {
    return this.clock.lagMs;
  }

  // The newest of a snapshot that the server made at `serverNow`; `seen` by the server, if it says so.
  snapshot({ ts, seen, paceMs }, serverNow, now) {
    const { clock } = this;
    clock.skewMs = now - serverNow;
    this.heard(ts);
    // What is of a time to come has come by now, at least.
    const at = seen ?? (ts > serverNow ? serverNow : null);
    if (ts === this.ts) this.at = at === null ? null : at + clock.skewMs;
    if (at !== null) clock.arrived(ts, Math.min(at, serverNow) + clock.skewMs);
    if (paceMs) this.paceMs = paceMs;
  }

  // Points of the past, [[ts, value], …]: how often one comes. They are all that there were, or `thinned` out: then the
  // shortest steps between those that are left tell it.
  learn(points, thinned = false) {
    const stepsOf = (some) => some.flatMap(([ts], at) => (at ? [ts - some[at - 1][0]] : [])).sort((a, b) => a - b);
    const steps = stepsOf(thinned ? points : points.slice(-LEARNED));
    if (!thinned && steps.length >= 2) this.paceMs = steps[steps.length >> 1];
    if (!thinned || steps.length < THINNED_LEAST) return;
    this.paceMs = Math.min(steps[Math.floor(steps.length * THINNED_SHARE)], this.unknownMs / MISSED);
  }

  reading(ts, now) {
    if (this.ts !== null && ts > this.ts) {
      // A buffer leaps over hours at once: that is no pace.
      const step = this.at === null ? ts - this.ts : Math.min(ts - this.ts, Math.max(this.paceMs, now - this.at));
      this.paceMs += (step - this.paceMs) * (this.paceMs ? SMOOTHING : 1);
    }
    if (this.ts === null || ts > this.ts) this.at = now;
    this.heard(ts);
    this.clock.arrived(ts, now);
  }

  // A reading whose age the server told, in milliseconds by the device's clock; the first one may have come long ago.
  told(ts, ageMs, now) {
    this.clock.skewMs = now - ts - ageMs;
    if (this.ts !== null && ts > this.ts) return this.reading(ts, now);
    this.heard(ts);
  }

  heard(ts) {
    this.ts = this.ts === null ? ts : Math.max(this.ts, ts);
  }

  // Milliseconds since the newest reading; null without any.
  ageMs(now) {
    return this.ts === null ? null : Math.max(0, now - this.ts - this.lagMs);
  }

  get silentMs() {
    if (this.fixedMs !== null) return this.fixedMs;
    return this.paceMs ? Math.max(SOONEST_SILENT_MS, MISSED * this.paceMs) : this.unknownMs;
  }

  silent(now) {
    return this.ts === null || this.ageMs(now) > this.silentMs;
  }
}

// A duration such as 90s, 15m, 6h or 2d in milliseconds; null for what is none.
export function duration(text) {
  const found = /^(\d{1,9})([smhd])$/.exec(text ?? "");
  if (!found || Number(found[1]) === 0) return null;
  return Number(found[1]) * { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[found[2]];
}
