// Every reading of what is zoomed into, where the snapshot has thinned them out and there are few enough.

import { Series } from "../../live/series.js";
import { readingOf } from "../../live/source.js";
import { addInUnit } from "../../live/unit_change.js";
import { readHistory } from "./history.js";

const WAIT_MS = 300;
const MOST = 5_000;

export class Detail {
  // `read(path, signal)` fetches JSON; `changed()`: other points are to be shown; `unitOf(name)`: of a metric now.
  constructor(topic, read, changed, unitOf = () => "") {
    Object.assign(this, { topic, read, changed, unitOf });
    this.clear();
  }

  // The points of a metric if all that are in view are here, in the unit that it has now, else null.
  of(name, view) {
    const known = this.holds(view) ? this.series.get(name) : undefined;
    return known && known.unit === this.unitOf(name) ? known.series : null;
  }

  holds({ fromMs, toMs }) {
    return this.span !== null && fromMs >= this.span.fromMs && toMs <= this.span.toMs;
  }

  // What is in view has changed: a span, or null for all that is live.
  want(span) {
    clearTimeout(this.timer);
    this.asked?.abort();
    if (span === null) this.clear();
    else if (!this.holds(span)) this.timer = setTimeout(() => this.load(span), WAIT_MS);
  }

  async load(span) {
    const mine = (this.asked = new AbortController());
    try {
      const around = (span.toMs - span.fromMs) / 2; // so that it can be moved a little
      const wide = { fromMs: span.fromMs - around, toMs: span.toMs + around };
      const { readings, cut } = await readHistory((path) => this.read(path, mine.signal), this.topic, wide, { most: MOST });
      if (mine.signal.aborted || cut) return;
      this.span = wide;
      this.series = new Map();
      for (const reading of readings) this.add(reading);
      this.changed();
    } catch {
      // What is thinned out is shown on.
    }
  }

  // A reading that comes live.
  add(data) {
    if (!this.span || data.ts < this.span.fromMs || data.ts > this.span.toMs) return;
    for (const name of Object.keys(data.values)) {
      if (!this.series.has(name)) this.series.set(name, { unit: this.unitOf(name), series: new Series() });
      const { unit, series } = this.series.get(name);
      addInUnit(series, unit, readingOf({ metric: name, device: null }, data), false);
    }
  }

  clear() {
    this.span = null;
    this.series = new Map();
  }

  close() {
    this.want(null);
  }
}
