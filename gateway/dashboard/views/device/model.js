// What is known of a device: its metrics with their points and newest values, and how fresh they are. Pure.
//
// It listens to the topic of the device. A metric is a "number", a "switch" (a boolean, points 0 and 1) or a "text",
// as its newest value is.

import { endOf } from "../../charts/end.js";
import { Clock, Freshness } from "../../live/freshness.js";
import { Series } from "../../live/series.js";
import { latestOf, pointsOf, readingOf } from "../../live/source.js";
import { addInUnit } from "../../live/unit_change.js";

export const POINTS = 5_000;
const MOST_POINTS = 10_000;
const MOST_METRICS = 100;
const MOST_LEFT_OUT = 1_000;
// A snapshot has half a megabyte, of points that have up to 48 bytes: of fewer than this nothing was left out.
const ALWAYS_FIT = 10_000;
const THINNED = 4;
const ROUNDING_MS = 1_000; // windows are asked for in seconds
const AHEAD_MS = 30_000;

export class DeviceModel {
  constructor(topic, clock = Date.now) {
    this.topic = topic;
    this.clock = clock;
    this.deviceClock = new Clock();
    this.clear();
  }

  clear() {
    this.metrics = new Map(); // by name
    this.tags = {};
    this.freshness = new Freshness({ clock: this.deviceClock });
    this.ts = null; // of the newest reading
    this.completeFromMs = null; // where it begins, if that is later than was asked for
    this.crowded = false; // whether there was no room for the points of a metric
    this.anew = new Set(); // names of metrics whose older points are of a unit that cannot be converted
    this.leftOut = new Set(); // names of metrics for which there is no room
    this.skewMs = 0; // how far the server's clock is ahead of the viewer's
  }

  get known() {
    return this.metrics.size > 0;
  }

  get nowMs() {
    return this.clock() + this.skewMs;
  }

  snapshot(data, windowMs) {
    const { window, latest } = data;
    this.clear();
    this.skewMs = window.to - this.clock();
    this.deviceClock.skewMs = -this.skewMs;
    this.tags = latest?.tags ?? {};
    const late = window.from > window.to - windowMs + ROUNDING_MS;
    this.completeFromMs = window.truncated && late ? window.from : null;
    const thinned = thinnedOf(window.series);
    const names = new Set([...Object.keys(latest?.latest ?? {}), ...window.series.map(({ metric }) => metric)]);
    for (const name of [...names].sort()) {
      const metric = this.metric(name);
      if (!metric) continue;
      const { points, unit } = pointsOf(metric.source, window);
      this.crowded ||= window.truncated && points.length === 0 && numberIn(latest?.latest[name], window);
      metric.series.load(points);
      metric.series.thinned = thinned.has(name);
      metric.silentLeastMs = metric.series.thinned ? (THINNED * windowMs) / points.length : 0;
      metric.freshness.learn(points, metric.series.thinned);
      this.take(metric, latestOf(metric.source, latest) ?? newestOf(points), unit, window.to);
    }
    this.whole(latest, window.to);
  }

  // The device is as fresh as the newest of its readings, and comes as often as the metric that comes most often.
  whole(latest, serverNow) {
    if (!latest) return;
    this.ts = latest.ts;
    const paces = [...this.metrics.values()].map(({ freshness }) => freshness.paceMs).filter((pace) => pace > 0);
    if (paces.length > 0) this.freshness.paceMs = Math.min(...paces);
    this.freshness.snapshot({ ts: latest.ts, seen: latest.last_seen }, serverNow, this.clock());
  }

  take(metric, newest, unit, serverNow) {
    if (!newest) return;
    metric.newest = { value: newest.value, ts: newest.ts };
    metric.unit = newest.unit ?? unit ?? "";
    metric.kind = kindOf(newest.value);
    metric.freshness.snapshot(newest, serverNow, this.clock());
  }

  // Returns the names of the metrics that it is about.
  publication(data) {
    const now = this.clock();
    this.freshness.reading(data.ts, now);
    if (this.ts === null || data.ts >= this.ts) [this.ts, this.tags] = [data.ts, data.tags ?? this.tags];
    return Object.keys(data.values ?? {}).filter((name) => {
      const metric = this.metric(name);
      const reading = metric && readingOf(metric.source, data);
      if (!reading) return false;
      metric.freshness.reading(reading.ts, now);
      const newest = metric.newest === null || reading.ts >= metric.newest.ts;
      if (!addInUnit(metric.series, metric.unit, reading, newest)) this.anew.add(name);
      if (newest) {
        metric.newest = { value: reading.value, ts: reading.ts };
        metric.unit = reading.unit ?? metric.unit;
        metric.kind = kindOf(reading.value);
      }
      return true;
    });
  }

  metric(name) {
    const known = this.metrics.get(name);
    if (known) return known;
    if (this.metrics.size >= MOST_METRICS) {
      if (this.leftOut.size < MOST_LEFT_OUT) this.leftOut.add(name);
      return null;
    }
    const made = {
      name,
      source: { topic: this.topic, metric: name, device: null },
      series: new Series(MOST_POINTS),
      freshness: new Freshness({ clock: this.deviceClock }),
      newest: null,
      unit: "",
      kind: "number",
      silentLeastMs: 0,
    };
    this.metrics.set(name, made);
    return made;
  }

  forget(beforeMs) {
    for (const { series } of this.metrics.values()) series.forget(beforeMs);
  }

  // Where its charts end, and how much is not in them as it is still to come.
  end(windowMs) {
    return endOf([...this.metrics.values()].map(({ series }) => series), this.nowMs, windowMs);
  }

  // Whether its newest reading is of a time that is still to come, and not only by what two clocks differ.
  get ahead() {
    return this.ts !== null && this.ts > this.nowMs + AHEAD_MS;
  }

  get thinned() {
    return [...this.metrics.values()].some(({ series }) => series.thinned);
  }
}

// For how long nothing may come before the line of a metric is broken.
export function silentMsOf({ freshness, silentLeastMs }) {
  return Math.max(freshness.silentMs, silentLeastMs);
}

function kindOf(value) {
  if (typeof value === "boolean") return "switch";
  return typeof value === "number" ? "number" : "text";
}

function numberIn(newest, { from }) {
  return newest !== undefined && typeof newest.value !== "string" && newest.ts >= from;
}

function newestOf(points) {
  return points.length > 0 ? { ts: points.at(-1)[0], value: points.at(-1)[1] } : null;
}

// The metrics of which points were left out: those that have as many as a series may have.
function thinnedOf(series) {
  const lengths = series.map(({ points }) => points.length);
  const most = Math.max(0, ...lengths);
  const limited = most >= POINTS || lengths.reduce((sum, length) => sum + length, 0) >= ALWAYS_FIT;
  return new Set(limited ? series.filter(({ points }) => points.length >= most).map(({ metric }) => metric) : []);
}
