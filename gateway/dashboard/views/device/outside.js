// The weather of a place, for charts that show a device beside it: its points in the units that they want.

import { Freshness } from "../../live/freshness.js";
import { Series } from "../../live/series.js";
import { latestOf, pointsOf, readingOf } from "../../live/source.js";
import { inUnit } from "./overlay.js";

const UNKNOWN_MS = 45 * 60_000;
const BEFORE_MS = 2 * 3_600_000; // so that a line comes from somewhere: observations are far between
const MOST_POINTS = 5_000;

export class Outside {
  source = { device: null };
  points = 1_000;

  // `changed()`: there is something else to be shown.
  constructor(connection, place, windowMs, changed) {
    this.place = place;
    this.changed = changed;
    this.windowMs = windowMs + BEFORE_MS;
    this.tags = {};
    this.units = new Map(); // of the weather, by metric
    this.window = null;
    this.wanted = new Map();
    this.freshness = new Freshness({ unknownMs: UNKNOWN_MS });
    this.problem = null;
    this.feed = connection.feed(`weather:${place}`);
    this.feed.join(this);
  }

  get city() {
    return this.tags.city ?? this.place;
  }

  get silentMs() {
    return this.freshness.silentMs;
  }

  // The points of a metric of the weather in a device's unit ("" is their own): {series, unit}.
  of(metric, wantedUnit) {
    const key = JSON.stringify([metric, wantedUnit]);
    if (!this.wanted.has(key)) {
      this.wanted.set(key, { metric, wantedUnit, series: new Series(MOST_POINTS) });
      this.fill(this.wanted.get(key));
    }
    return { series: this.wanted.get(key).series, unit: wantedUnit || (this.units.get(metric) ?? "") };
  }

  fill({ metric, wantedUnit, series }) {
    const { points, unit } = pointsOf({ metric, device: null }, this.window);
    series.load(inUnit(points, unit ?? this.units.get(metric) ?? "", wantedUnit));
  }

  snapshot({ window, latest }) {
    this.window = window;
    this.tags = latest?.tags ?? {};
    this.units = new Map(Object.entries(latest?.latest ?? {}).map(([metric, { unit }]) => [metric, unit ?? ""]));
    const newest = latestOf({ metric: "temperature", device: null }, latest);
    if (newest) this.freshness.snapshot(newest, window.to, Date.now());
    for (const each of this.wanted.values()) this.fill(each);
    this.changed();
  }

  publication(data) {
    // Word of how old the newest is: no new one.
    if ("stale" in data) return;
    this.tags = data.tags ?? this.tags;
    this.freshness.reading(data.ts, Date.now());
    for (const { metric, wantedUnit, series } of this.wanted.values()) {
      const reading = readingOf({ metric, device: null }, data);
      if (!reading || typeof reading.value !== "number") continue;
      const [point] = inUnit([[reading.ts, reading.value]], reading.unit ?? this.units.get(metric) ?? "", wantedUnit);
      if (point) series.add(...point);
    }
    this.changed();
  }

  trouble(code) {
    this.problem = code;
    this.changed();
  }

  close() {
    this.feed.leave(this);
  }
}
