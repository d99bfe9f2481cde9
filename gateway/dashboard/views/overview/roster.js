// All devices, of the list that the server has, of a topic's snapshot and of what it publishes, in whatever order these
// come. It holds what it was told and decides nothing about what is shown.

import { ownOf } from "../../live/own.js";
import { Device } from "./device.js";

const MOST_DEVICES = 20_000;
const ROOM = 10_000; // points of all series; with more of them a snapshot is thinned out to its most bytes

export class Roster {
  // `changed(id)` is called with every device of which something is new.
  constructor(changed = () => {}, most = MOST_DEVICES) {
    this.changed = changed;
    this.most = most;
    this.full = false; // there are more devices than that
    this.devices = new Map();
    this.version = 0; // of names, tags and metrics: what can be searched for
    this.skewMs = 0; // how far the viewer's clock is ahead of the server's
    this.heardOfNew = () => {};
  }

  // Rows of the list; `serverNow` is null where the answer does not tell it.
  listed(rows, serverNow, now) {
    if (serverNow !== null) this.skewMs = now - serverNow;
    for (const row of rows) {
      const device = this.device(row.device);
      if (!device) continue;
      if (device.tag(row.tags)) this.version++;
      this.values(device, row.latest);
      if (serverNow !== null) {
        const paceMs = Number(row.tags?.interval_s) * 1000 || undefined;
        device.freshness.snapshot({ ts: row.ts, seen: row.last_seen, paceMs }, serverNow, now);
      }
      this.changed(row.device);
    }
  }

  // The list is complete: whoever is not in it and says nothing is gone.
  completed(names, now) {
    for (const [id, device] of this.devices) {
      if (names.has(id) || !device.freshness.silent(now)) continue;
      this.devices.delete(id);
      this.version++;
      this.full = false;
    }
  }

  // The past and the newest values, of `readings` or of one device; so many points were `asked` of a series.
  snapshot({ window, latest }, asked, now) {
    this.skewMs = now - window.to;
    for (const row of Array.isArray(latest) ? latest : latest ? [latest] : []) {
      const device = this.device(row.device);
      if (!device) continue;
      if (row.tags && device.tag(row.tags)) this.version++;
      this.values(device, row.latest);
      const ts = row.ts ?? Math.max(...Object.values(row.latest).map((each) => each.ts));
      if (Number.isFinite(ts)) device.freshness.snapshot({ ts, seen: row.last_seen }, window.to, now);
      this.changed(row.device);
    }
    const fullest = new Map(); // of each device the series that tells how often it speaks
    const longest = window.series.reduce((most, { points }) => Math.max(most, points.length), 0);
    const all = window.series.reduce((sum, { points }) => sum + points.length, 0);
    const thinned = longest >= asked || all > ROOM;
    for (const { device: id, metric, points, unit } of window.series) {
      const device = this.device(id);
      if (!device || !points.length) continue;
      const [ts, value] = points.at(-1);
      if (!device.values.has(metric) && device.take(metric, value, ts, unit)) this.version++;
      device.past(metric, points);
      if (points.length > (fullest.get(device)?.length ?? 0)) fullest.set(device, points);
      this.changed(id);
    }
    for (const [device, points] of fullest) device.freshness.learn(points, thinned && points.length >= longest);
  }

  publication({ device: id, ts, values, units, tags }, now) {
    const known = this.devices.size;
    const device = typeof id === "string" ? this.device(id) : null;
    if (!device) return;
    if (tags && device.tag(tags)) this.version++;
    for (const [metric, value] of Object.entries(values)) {
      if (device.take(metric, value, ts, ownOf(units, metric))) this.version++;
      device.point(metric, ts, value);
    }
    device.freshness.reading(ts, now);
    if (this.devices.size > known) this.heardOfNew(id);
    this.changed(id);
  }

  values(device, latest) {
    for (const [metric, { value, ts, unit }] of Object.entries(latest)) {
      if (device.take(metric, value, ts, unit)) this.version++;
    }
  }

  // Null once there are too many.
  device(id) {
    let device = this.devices.get(id);
    if (!device && this.devices.size >= this.most) this.full = true;
    else if (!device) {
      this.devices.set(id, (device = new Device(id, this.skewMs)));
      this.version++;
    }
    return device ?? null;
  }
}
