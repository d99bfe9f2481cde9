// What is known of one metric: the newest value of each device, how fresh it is, and its points. Without DOM or network.
//
// Its topic brings values and points; the devices tell the units of those that come without. All points of a device are in
// the unit of its newest.

import { Clock, Freshness } from "../../live/freshness.js";
import { Series } from "../../live/series.js";
import { unitText } from "../../live/format.js";
import { valueIn } from "../../live/source.js";
import { addInUnit } from "../../live/unit_change.js";

export const MOST_DEVICES = 10_000;
const MOST_POINTS = 200_000; // of all devices together
const [FEWEST_EACH, MOST_EACH] = [16, 5_000];

export class Readings {
  constructor(metric, windowMs) {
    this.metric = metric;
    this.windowMs = windowMs;
    this.rows = new Map(); // device → {device, value, ts, unit, freshness, heardAt}
    this.series = new Map(); // device → its points
    this.units = new Map(); // device → the unit of its points, as it was told
    this.listed = new Set(); // those of the topic's snapshot
    this.skewMs = 0; // how far the viewer's clock is ahead of the server's
    this.completeFrom = null; // from when on the window has all points
    this.truncated = false;
    this.full = false; // devices were left out
  }

  snapshot(data, now) {
    const { window, latest } = data;
    this.skewMs = now - window.to;
    this.completeFrom = window.from;
    this.truncated = window.truncated;
    this.series.clear();
    this.units.clear();
    const most = Math.max(FEWEST_EACH, Math.min(MOST_EACH, Math.floor(MOST_POINTS / Math.max(1, window.series.length))));
    for (const { device, points, unit } of window.series) {
      const series = new Series(most);
      series.load(points);
      this.series.set(device, series);
      if (unit) this.units.set(device, unit);
    }
    this.listed = new Set((latest ?? []).map(({ device }) => device));
    for (const row of latest ?? []) {
      const { ts } = row;
      this.take(row.device, this.shown(row), (freshness) => freshness.snapshot({ ts }, window.to, now));
    }
    for (const { device, points } of window.series) this.rows.get(device)?.freshness.learn(points);
  }

  publication(data, now) {
    if (!Object.hasOwn(data, this.metric)) return null;
    const { device, ts } = data;
    if (!this.take(device, this.shown(data), (freshness) => freshness.reading(ts, now))) return null;
    const row = this.rows.get(device);
    const reading = valueIn(data, this.metric);
    addInUnit(this.pointsOf(device), this.units.get(device), reading, ts === row.ts);
    // The first that is told is that of the points, of a late reading too.
    if (reading.unit && (ts === row.ts || !this.units.has(device))) this.units.set(device, reading.unit);
    row.heardAt = now;
    return device;
  }

  shown(data) {
    const { unit, ...at } = valueIn(data, this.metric);
    return { ...at, unit: unit && unitText(unit) };
  }

  // Of its line: what its points were told in, else what is known of the device.
  unitOf(device) {
    const unit = this.units.get(device);
    return unit ? unitText(unit) : (this.rows.get(device)?.unit ?? "");
  }

  // A device as /api/devices shows it; whether it reports the metric.
  told({ device, last_seen: seen, ts: newest, latest }, now) {
    if (!Object.hasOwn(latest ?? {}, this.metric)) return false;
    const { value, ts, unit } = latest[this.metric];
    const serverNow = now - this.skewMs;
    const at = { ts, seen: ts === newest ? seen : undefined };
    this.take(device, { value, ts, unit: unitText(unit) }, (freshness) => freshness.snapshot(at, serverNow, now));
    return true;
  }

  // All devices that the viewer may see were read from `begunAt` on, and these report the metric: of others only those are
  // there of which the topic told, or who spoke since.
  completed(devices, begunAt) {
    for (const [device, { heardAt }] of this.rows) {
      if (devices.has(device) || this.listed.has(device) || heardAt >= begunAt) continue;
      this.rows.delete(device);
      this.series.delete(device);
      this.units.delete(device);
      this.full = false;
    }
  }

  // Of the same device the newest counts; false if there is no room for another one.
  take(device, { value, ts, unit }, hear) {
    let row = this.rows.get(device);
    if (!row) {
      if (this.rows.size >= MOST_DEVICES) {
        this.full = true;
        return false;
      }
      row = { device, value, ts, unit, heardAt: -Infinity, freshness: new Freshness({ clock: new Clock({ skewMs: this.skewMs }) }) };
      this.rows.set(device, row);
    }
    if (ts >= row.ts) [row.value, row.ts, row.unit] = [value, ts, unit ?? row.unit];
    else row.unit ??= unit;
    hear(row.freshness);
    return true;
  }

  pointsOf(device) {
    let series = this.series.get(device);
    if (!series) this.series.set(device, (series = new Series(FEWEST_EACH * 16)));
    return series;
  }

  forget(fromMs) {
    for (const series of this.series.values()) series.forget(fromMs);
  }
}
