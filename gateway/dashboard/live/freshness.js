// How old a value is, and whether its source has fallen silent. Times are Unix milliseconds of the viewer's clock, but for
// `ts`, which is the device's.
//
// Neither clock is believed: the shortest time between a reading's `ts` and its arrival is what they differ by. So a
// reading that comes late, of a buffer or after a sleep, is as old as it is, and not new because it has just arrived.

const SOONEST_SILENT_MS = 15_000;
const MISSED = 3; // readings in a row
const SMOOTHING = 0.2;
const LEARNED = 20; // points are enough

export class Freshness {
  // `silentMs`: how long is too long, if that is known; else it is learned, and until then `unknownMs` counts.
  constructor({ silentMs = null, unknownMs = 120_000 } = {}) {
    this.fixedMs = silentMs;
    this.unknownMs = unknownMs;
    this.lagMs = Infinity;
    this.paceMs = 0;
    this.ts = null;
    this.believed = false;
  }

  // The newest of a snapshot that the server made at `serverNow`; `seen` by the server, if it says so.
  snapshot({ ts, seen = ts, paceMs }, serverNow, now) {
    this.heard(ts, Math.min(seen, serverNow), now - serverNow);
    if (paceMs) this.paceMs = paceMs;
  }

  // Points of the past, [[ts, value], …], all that there were: how often one comes.
  learn(points) {
    const steps = points.slice(-LEARNED).flatMap(([ts], at, all) => (at ? [ts - all[at - 1][0]] : []));
    if (steps.length >= 2) this.paceMs = steps.sort((a, b) => a - b)[steps.length >> 1];
  }

  reading(ts, now) {
    if (this.ts !== null && ts > this.ts) {
      const step = ts - this.ts;
      this.paceMs += (step - this.paceMs) * (this.paceMs ? SMOOTHING : 1);
    }
    this.heard(ts, now, 0);
  }

  // A reading whose age the server told, in milliseconds by the device's clock: believed until the next one comes.
  told(ts, ageMs, now) {
    if (this.believed && ts > this.ts) [this.believed, this.lagMs] = [false, Infinity];
    if (this.ts !== null && !this.believed) return this.reading(ts, now);
    this.believed = true;
    [this.ts, this.lagMs] = [ts, now - ts - ageMs];
  }

  heard(ts, at, skewMs) {
    this.lagMs = Math.min(this.lagMs, at + skewMs - ts);
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
