// What is known of one device: its values, how fresh they are, and the lines of the last quarter of an hour.

import { Clock, Freshness } from "../../live/freshness.js";
import { Series } from "../../live/series.js";

const MOST_METRICS = 200;
const MOST_LINES = 8; // metrics of which points are kept
const MOST_POINTS = 96; // of each
// What devices tell of themselves beside what they are there for.
const ASIDE = /batt|rssi|lqi|snr|signal|uptime|heap|^(lat|lon|lng)$|itude$/i;

export class Device {
  // `skewMs`: how far the viewer's clock is ahead of the server's.
  constructor(id, skewMs = 0) {
    this.id = id;
    this.tags = [];
    this.values = new Map(); // by metric: {value, ts, unit}
    this.lines = new Map(); // by metric: Series
    this.freshness = new Freshness({ clock: new Clock({ skewMs }) });
    this.order = null;
    this.usual = null;
    [this.rank, this.rankedBy] = [null, null]; // its place among all names, and by which collator
    this.searched = id.toLowerCase();
  }

  // Returns whether they are other ones than before.
  tag(tags) {
    const now = Object.entries(tags ?? {}).map(([key, value]) => `${key}:${value}`).sort();
    if (now.length === this.tags.length && now.every((tag, at) => tag === this.tags[at])) return false;
    this.tags = now;
    this.searched = [this.id, ...now].join("\n").toLowerCase();
    return true;
  }

  // A late reading does not turn a value back. Returns whether the metric is a new one.
  take(metric, value, ts, unit) {
    const known = this.values.get(metric);
    if (known) {
      if (ts < known.ts) return false;
      if (unit && unit !== known.unit) this.order = null;
      this.values.set(metric, { value, ts, unit: unit ?? known.unit });
      return false;
    }
    if (this.values.size >= MOST_METRICS) return false;
    this.values.set(metric, { value, ts, unit });
    this.order = null;
    return true;
  }

  // What is measured first, then by name: the same order whoever looks, whenever.
  get metrics() {
    const rank = (metric) => (ASIDE.test(metric) ? 2 : this.values.get(metric).unit ? 0 : 1);
    this.order ??= [...this.values.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    return this.order;
  }

  // The past of a metric. Where more is known already, only what is newer is added.
  past(metric, points) {
    const line = this.lineOf(metric);
    if (!line) return;
    const [times, values] = [line.times, line.values];
    const last = times.at(-1) ?? -Infinity;
    if (points.length < times.length) {
      for (const [ts, value] of points) if (ts > last) line.add(ts, value);
      return;
    }
    line.load(points);
    const newest = points.at(-1)?.[0] ?? -Infinity;
    times.forEach((ts, at) => ts > newest && line.add(ts, values[at]));
  }

  point(metric, ts, value) {
    if (typeof value !== "number" && typeof value !== "boolean") return;
    const line = this.lineOf(metric);
    if (line && ts !== line.times.at(-1)) line.add(ts, value);
  }

  lineOf(metric) {
    if (!this.lines.has(metric)) {
      if (this.lines.size >= MOST_LINES) return null;
      this.lines.set(metric, new Series(MOST_POINTS));
    }
    return this.lines.get(metric);
  }

  // Which metric's line is shown: the one that is wanted, or the first that moves, and from then on the same.
  shownLine(wanted) {
    if (this.lines.has(wanted)) return wanted;
    if (this.lines.has(this.usual)) return this.usual;
    const known = this.metrics.filter((metric) => this.lines.has(metric));
    const moving = known.find((metric) => moves(this.lines.get(metric)));
    if (moving) this.usual = moving;
    return moving ?? known[0] ?? null;
  }
}

function moves({ length, values }) {
  return length > 2 && values.some((value) => value !== values[0]);
}
