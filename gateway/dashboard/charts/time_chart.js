// A chart of one or many series over time, with zoom, values at the cursor, a summary of what is in view, and a table.
//
//   const axis = new TimeAxis(windowMs);                    // one for all charts that are zoomed together
//   const chart = new TimeChart(place, { format, axis, label: "temperature", series: [
//     { key: "greenhouse-7", label: "greenhouse-7", unit: "°C", series: new Series(10_000), silentMs: 15_000 },
//   ] });
//   chart.setSeries([…]);       // others, or another label, unit, …; of more than 24 the first 24 are shown
//   series.add(ts, value); chart.draw();                    // there are new points
//   axis.tick(Date.now());                                  // time goes on: once a second, and with new points if you like
//   axis.setWindow(3_600_000);
//   series.forget(axis.oldestMs);                           // what is seen no more; not more while it is zoomed
//   chart.close();                                          // it has left its axis
//
// A series has `label`, `unit` (as it is shown), `series` (live/series.js: its owner adds the points), and if wanted `key`
// (what it is known by; its label if left out), `silentMs` (the line is broken where nothing came for longer), `held` (a
// switch: steps between 0 and 1, shown as off and on), `steps` (a value holds until the next). The first unit has its axis left, another one right; further ones
// have none, and are told by the readout.
//
// Options: `axis` (left out: one of its own, of `windowMs`), `bar` (false: no bar with time and buttons: the page has one,
// `new AxisBar(axis, format).element`), `readout` (false: none), `empty` (what is said while there is no point).
//
// Charts are painted five times a second at most, at once when somebody zooms or points, and not at all where they cannot
// be seen.

import { el, write } from "../parts/dom.js";
import { AxisBar } from "./axis_bar.js";
import { Gestures } from "./gestures.js";
import { meanOf, summaryOf } from "./lines.js";
import { MOST, markOf } from "./marks.js";
import { Plot } from "./plot.js";
import { Readout } from "./readout.js";
import { adopt } from "./style.js";
import { Table } from "./table.js";
import { TimeAxis } from "./time_axis.js";

const PACE_MS = 200;
const COSTLY = 10; // what takes long is painted less often

export class TimeChart {
  constructor(place, { format, series = [], label = "", windowMs = 3_600_000, axis = new TimeAxis(windowMs), ...options }) {
    Object.assign(this, { format, label, axis });
    this.picture = el("div", { class: "picture", role: "img" });
    this.empty = el("div", { class: "empty", hidden: true });
    this.nothing = options.empty ?? format.texts.reasons.nothing;
    this.place = el("div", { class: "plot", role: "group", tabindex: "0" }, this.picture, this.empty);
    this.bar = options.bar === false ? null : new AxisBar(axis, format);
    this.readout = new Readout(format, () => this.changed());
    this.table = new Table();
    const parts = [this.bar?.element, this.place, options.readout === false ? null : this.readout.element, this.table.details];
    this.element = el("div", { class: "chart" }, ...parts);
    place.append(this.element);
    adopt(place);
    this.plot = new Plot(this.picture, (ms) => this.axis.point(ms), (missing) => this.miss(missing));
    this.gestures = new Gestures(this.place, this.plot, axis);
    this.listener = (what) => (what === "cursor" ? this.pointed() : what === "view" ? this.changed() : this.draw());
    axis.listeners.add(this.listener);
    this.painted = -Infinity;
    this.seen = false;
    this.watch = new IntersectionObserver((entries) => this.see(entries.at(-1).isIntersecting), { rootMargin: "25%" });
    this.watch.observe(this.place);
    this.element.chart = this; // for scripts that look at the page
    this.setSeries(series);
  }

  see(seen) {
    this.seen = seen;
    if (!seen) return;
    if (!this.plot.wanted) this.plot.open();
    this.changed();
  }

  setSeries(series) {
    this.lines = series.slice(0, MOST).map((each, at) => ({ key: each.label, unit: "", ...markOf(at), ...each }));
    this.readout.setLines(this.lines);
    this.table.show(this.lines, this.axis.view, this.format);
    this.tell();
    this.draw();
  }

  // There are new points, or time went on.
  draw() {
    if (this.timer || !this.seen) return;
    const paceMs = Math.max(PACE_MS, COSTLY * this.plot.costMs);
    const waitMs = this.painted + paceMs - performance.now();
    this.timer = setTimeout(() => this.changed(), Math.max(0, waitMs));
  }

  // At once, in the next frame.
  changed() {
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.seen) return;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  paint() {
    this.painted = performance.now();
    const { view } = this.axis;
    const { hidden, pointed } = this.readout;
    const lines = this.lines.filter(({ key }) => !hidden.has(key));
    const pointedOne = lines.some(({ key }) => key === pointed);
    const drawn = lines.map((line) => ({ ...line, faint: pointedOne && line.key !== pointed }));
    this.plot.show(drawn, view.fromMs, view.toMs, this.format);
    write(this.empty, this.missing ? this.format.texts.charts.missing : this.nothing);
    this.empty.hidden = !this.missing && lines.some(({ series }) => series.length > 0);
    this.table.show(lines, view, this.format);
    this.tell();
    this.pointed();
  }

  // What draws the picture could not be loaded; it is tried again with every drawing.
  miss(missing) {
    if (missing === (this.missing ?? false)) return;
    this.missing = missing;
    this.table.standIn(missing);
    this.changed();
  }

  // For who does not see it.
  tell() {
    const { texts } = this.format;
    const told = this.lines.flatMap((line) => {
      const { label, unit, series, held } = line;
      const found = held ? null : summaryOf(line, this.axis.view);
      if (!found) return [];
      const names = series.thinned ? { ...texts, mean: texts.charts.drawn_mean } : texts;
      const shown = { ...found, mean: meanOf(found) };
      const word = (name) => `${names[name]} ${this.format.value(shown[name])} ${unit}`.trim();
      const words = ["lowest", "highest", "mean"].map(word);
      return [`${label}: ${words.join(", ")}`];
    });
    this.picture.setAttribute("aria-label", [this.label, ...told].join("; "));
    this.place.setAttribute("aria-label", texts.charts.keys(this.label));
  }

  pointed() {
    this.plot.point(this.axis.cursorMs);
    this.readout.show(this.axis.view, this.axis.cursorMs);
  }

  close() {
    this.axis.listeners.delete(this.listener);
    this.bar?.close();
    this.watch.disconnect();
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.plot.close();
    this.element.remove();
  }
}
