// What the topic of a place has told: its newest observation, how old that is, and what the server says of it.
//
// Whether an observation is stale is the server's to judge. It says so in a snapshot (`freshness`), or pushes the
// observation once more with a mark (`stale`, `age_s`, `reason`); one without a mark says that all is well again.

import { ownOf } from "../../live/own.js";

const LONGEST_REASON = 300;

export class Observation {
  constructor() {
    this.ts = null; // Unix milliseconds, by its service
    this.values = {};
    this.units = {};
    this.tags = {};
    this.skewMs = 0; // how far the viewer's clock is ahead of the server's
    this.well();
  }

  get known() {
    return this.ts !== null;
  }

  snapshot(data, now) {
    const serverNow = data?.window?.to;
    if (Number.isFinite(serverNow)) this.skewMs = now - serverNow;
    const latest = data?.latest;
    if (latest) {
      // What an earlier observation had and this one has not is left out.
      const mine = Object.entries(latest.latest ?? {}).filter(([, { ts }]) => ts === latest.ts);
      this.take({
        ts: latest.ts,
        values: Object.fromEntries(mine.map(([metric, { value }]) => [metric, value])),
        units: Object.fromEntries(mine.map(([metric, { unit }]) => [metric, unit])),
        tags: latest.tags,
      });
    }
    const { stale = false, reason = null } = data?.freshness ?? {};
    this.judge(latest ? stale : false, reason);
  }

  // The topic's last word counts: the past of a new place comes before its present.
  publication(data) {
    this.take(data);
    this.judge(data.stale === true, data.reason ?? null);
  }

  // The topic goes on after a break: what is still wrong is told once more.
  well() {
    [this.stale, this.reason] = [false, null];
  }

  ageMs(now) {
    return this.known ? Math.max(0, now - this.skewMs - this.ts) : null;
  }

  value(metric) {
    return Object.hasOwn(this.values, metric) ? { value: this.values[metric], unit: ownOf(this.units, metric) } : null;
  }

  take({ ts, values, units, tags }) {
    [this.ts, this.values, this.units, this.tags] = [ts, values ?? {}, units ?? {}, tags ?? {}];
  }

  judge(stale, reason) {
    this.stale = Boolean(stale);
    this.reason = reason === null ? null : String(reason).slice(0, LONGEST_REASON);
  }
}
