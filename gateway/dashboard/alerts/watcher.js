// Listens to one value for all rules of it: how old it is, what came, and what comes of that.

import { Clock, Freshness } from "../live/freshness.js";
import { latestOf, pointsOf, readingOf } from "../live/source.js";
import { shownState } from "../live/state.js";

const WINDOW_MS = 900_000;
const WEATHER_UNKNOWN_MS = 45 * 60_000;

export class Watcher {
  points = 200;

  // `happened(evaluation, events)` is called with what came of readings and time.
  constructor(source, evaluations, happened, clock = Date.now) {
    this.source = source;
    this.evaluations = evaluations;
    this.happened = happened;
    this.clock = clock;
    this.windowMs = Math.max(WINDOW_MS, ...evaluations.map(({ rule }) => rule.forS * 1_000));
    this.freshness = this.newFreshness();
    this.problem = null;
    this.subscribed = false;
    this.begun = false;
    this.newestTs = -Infinity;
    this.outdated = false;
  }

  newFreshness() {
    const weather = this.source.topic.startsWith("weather:") || this.source.metric === "outside";
    // An alarm is not raised by what may be a slow clock.
    return new Freshness({ clock: new Clock({ trusting: true }), ...(weather ? { unknownMs: WEATHER_UNKNOWN_MS } : {}) });
  }

  snapshot(data) {
    const now = this.clock();
    this.subscribed = true;
    if (this.source.compared) this.freshness = this.newFreshness();
    const { points } = pointsOf(this.source, data?.window);
    this.freshness.learn(points, points.length >= this.points);
    const latest = latestOf(this.source, data?.latest);
    if (latest) this.freshness.snapshot(latest, data.window.to, now);
    const newest = latest && latest.ts >= (points.at(-1)?.[0] ?? -Infinity) ? [[latest.ts, latest.value]] : [];
    // Points are numbers, and 0 and 1 for booleans; the newest may be a text.
    const readings = [...points.filter(([ts]) => ts !== latest?.ts), ...newest].filter(([ts]) => ts > this.newestTs);
    this.take(readings, now);
  }

  publication(data) {
    const reading = readingOf(this.source, data);
    if (!reading) return;
    const now = this.clock();
    if (reading.ageMs === undefined) this.freshness.reading(reading.ts, now);
    else this.freshness.told(reading.ts, reading.ageMs, now);
    this.outdated = reading.outdated ?? false;
    if (reading.ts >= this.newestTs) this.take([[reading.ts, reading.value]], now);
  }

  trouble(code) {
    this.problem = code;
    this.subscribed = code === null;
  }

  take(readings, now) {
    const { lagMs } = this.freshness;
    const timed = readings.map(([ts, value]) => [value, Math.min(now, ts + lagMs)]);
    this.newestTs = Math.max(this.newestTs, ...readings.map(([ts]) => ts));
    for (const each of this.evaluations) {
      const events = this.begun ? timed.flatMap(([value, at]) => each.reading(value, at, now)) : each.begin(timed, now);
      this.happened(each, events);
    }
    if (readings.length > 0) this.begun = true;
  }

  // `connection` is its state; `confirmed`: whether the server has answered since the page last slept.
  tick(connection, confirmed = true) {
    const now = this.clock();
    // What was missed comes with a new subscription.
    if (connection !== "live" && connection !== "stale") this.subscribed = false;
    const told = (silent) => shownState({
      connection: confirmed ? connection : "connecting",
      problem: this.problem,
      subscribed: this.subscribed,
      has: true,
      silent,
      outdated: this.outdated,
    }).reason;
    const value = told(this.freshness.ts !== null && this.freshness.silent(now));
    const silence = told(false);
    for (const each of this.evaluations) this.happened(each, each.tick(now, each.rule.kind === "silent" ? silence : value));
  }
}
