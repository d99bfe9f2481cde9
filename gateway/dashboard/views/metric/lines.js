// The lines of a metric's chart: which devices have one, each keeping its colour for as long as it is drawn.
//
// Their points are those of the metric's topic, or, where that does not have them all, of each device's own.

import { MOST, markOf } from "../../charts/marks.js";
import { Series } from "../../live/series.js";
import { unitText } from "../../live/format.js";
import { pointsOf, readingOf } from "../../live/source.js";
import { addInUnit } from "../../live/unit_change.js";

export const MOST_LINES = MOST;
const POINTS = 500;
const MOST_POINTS = 5_000;

// Slots for the devices that are drawn: those that stay keep theirs, others get what is free.
export function slotsOf(before, devices) {
  const slots = new Map(devices.filter((device) => before.has(device)).map((device) => [device, before.get(device)]));
  const taken = new Set(slots.values());
  let free = 0;
  for (const device of devices) {
    if (slots.has(device)) continue;
    while (taken.has(free)) free++;
    taken.add(free);
    slots.set(device, free);
  }
  return slots;
}

// The points of one device, from its own topic.
class DeviceLine {
  points = POINTS;

  // `changed(another)`: there are new points, whether of `another` unit; `told(ms)`: the server's clock.
  constructor(connection, device, metric, windowMs, changed, told) {
    this.source = { topic: `device:${device}`, metric, device: null };
    this.windowMs = windowMs;
    Object.assign(this, { changed, told });
    this.series = new Series(MOST_POINTS);
    this.problem = null;
    this.feed = connection.feed(this.source.topic);
    this.feed.join(this);
  }

  snapshot(data) {
    this.told(data.window.to);
    const { points, unit } = pointsOf(this.source, data?.window);
    this.series.load(points);
    this.become(unit);
  }

  publication(data) {
    const reading = readingOf(this.source, data);
    if (!reading) return;
    const newest = this.series.length === 0 || reading.ts >= this.series.times.at(-1);
    addInUnit(this.series, this.unit, reading, newest);
    this.become(newest ? (reading.unit ?? this.unit) : this.unit);
  }

  become(unit) {
    const another = unit !== this.unit;
    this.unit = unit;
    this.changed(another);
  }

  trouble(code) {
    this.problem = code;
  }

  close() {
    this.feed.leave(this);
  }
}

export class Lines {
  // `changed(another)`: there are new points, or others of `another` unit.
  constructor(connection, readings, changed) {
    Object.assign(this, { connection, readings, changed });
    this.slots = new Map();
    this.own = new Map(); // device → DeviceLine
    this.apart = false; // whether each device's own topic is read
  }

  // Draw these; whether others than before.
  show(devices, apart) {
    const same = apart === this.apart && devices.length === this.slots.size && devices.every((each) => this.slots.has(each));
    if (same) return false;
    this.apart = apart;
    this.slots = slotsOf(this.slots, devices);
    for (const [device, line] of this.own) {
      if (apart && this.slots.has(device)) continue;
      line.close();
      this.own.delete(device);
    }
    if (!apart) return true;
    const { metric, windowMs } = this.readings;
    const told = (serverNow) => (this.readings.skewMs = Date.now() - serverNow);
    for (const device of devices) {
      if (!this.own.has(device)) this.own.set(device, new DeviceLine(this.connection, device, metric, windowMs, this.changed, told));
    }
    return true;
  }

  // Why devices that are drawn have no points of their own, and how many: [[code, count], …].
  get problems() {
    const counts = new Map();
    for (const { problem } of this.own.values()) if (problem !== null) counts.set(problem, (counts.get(problem) ?? 0) + 1);
    return [...counts];
  }

  // As a TimeChart wants them, in the order of their slots.
  get series() {
    return [...this.slots].sort(([, a], [, b]) => a - b).map(([device, slot]) => {
      const row = this.readings.rows.get(device);
      const own = this.own.get(device);
      return {
        key: device,
        label: device,
        unit: this.unitOf(device),
        series: own?.series ?? this.readings.pointsOf(device),
        silentMs: Math.max(row?.freshness.silentMs ?? 0, this.thinnedMs),
        held: typeof row?.value === "boolean",
        ...markOf(slot),
      };
    });
  }

  unitOf(device) {
    const own = this.own.get(device)?.unit;
    return own ? unitText(own) : this.readings.unitOf(device);
  }

  // Points that were thinned out are no silence.
  get thinnedMs() {
    return (4 * this.readings.windowMs) / POINTS;
  }

  forget(fromMs) {
    for (const { series } of this.own.values()) series.forget(fromMs);
  }

  close() {
    for (const line of this.own.values()) line.close();
    this.own.clear();
  }
}
