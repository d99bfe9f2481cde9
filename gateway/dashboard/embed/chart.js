// <windsock-chart topic="device:greenhouse-7" metric="temperature" window="1h">: a line of the past and of what is live.

import { pointAt } from "../charts/lines.js";
import { Plot, plotSheet } from "../charts/plot.js";
import { Table } from "../charts/table.js";
import { duration } from "../live/freshness.js";
import { Series } from "../live/series.js";
import { write } from "../parts/dom.js";
import { WindsockElement, part } from "./element.js";

const POINTS = 1_000;
const MOST_POINTS = 10_000;
const THINNED = 4;
const DEFAULT_WINDOW = "1h";
const LONGEST_MS = 7 * 86_400_000;

export class WindsockChart extends WindsockElement {
  points = POINTS;

  build(root) {
    root.adoptedStyleSheets.push(plotSheet);
    this.series = new Series(MOST_POINTS);
    this.parts = {
      label: part("span", "label"),
      value: part("span", "value"),
      unit: part("span", "unit"),
      state: part("span", "state"),
      age: part("span", "age"),
      plot: part("div", "plot"),
      summary: part("div", "summary"),
      readout: part("div", "readout"),
    };
    this.parts.state.setAttribute("role", "status");
    this.parts.plot.setAttribute("role", "img");
    this.parts.readout.setAttribute("aria-hidden", "true"); // the table says the same
    const figure = part("span", "figure");
    figure.append(this.parts.value, " ", this.parts.unit);
    const note = part("span", "note");
    note.append(this.parts.state, " ", this.parts.age);
    const head = part("div", "head");
    head.append(this.parts.label, " ", figure, " ", note);
    this.table = new Table();
    root.append(head, this.parts.plot, this.parts.readout, this.parts.summary, this.table.details);
    this.plot = new Plot(this.parts.plot, (ms) => this.readOut(ms));
  }

  wantedWindow() {
    const wanted = duration(this.getAttribute("window") ?? DEFAULT_WINDOW);
    if (wanted === null || wanted > LONGEST_MS) throw Object.assign(new Error("window"), { code: "window" });
    if (this.source.compared) throw Object.assign(new Error("past"), { code: "past" });
    return wanted;
  }

  start() {
    this.series.clear();
    super.start();
    this.plot.open();
  }

  stop() {
    super.stop();
    this.plot.close();
  }

  load(points) {
    this.series.load(points);
  }

  add({ ts, value }) {
    this.series.add(ts, value);
  }

  draw({ reason, ageMs, now }) {
    const fromMs = now - (this.windowMs ?? 0);
    this.series.forget(fromMs);
    write(this.parts.label, this.label);
    write(this.parts.value, this.newest ? this.format.value(this.newest.value) : "–");
    write(this.parts.unit, this.newest ? this.unit : "");
    write(this.parts.state, reason);
    write(this.parts.age, ageMs === null ? "" : this.format.age(ageMs));
    write(this.parts.summary, this.summary(fromMs));
    this.parts.plot.setAttribute("aria-label", `${this.label}: ${this.parts.summary.textContent || reason}`);
    // Points that were thinned out are no silence.
    const silentMs = Math.max(this.freshness?.silentMs ?? 0, (THINNED * this.windowMs) / POINTS);
    const line = { series: this.series, label: this.label, unit: this.unit, silentMs, colour: "--line" };
    this.plot.show([line], fromMs, now, this.format);
    this.table.show([line], { fromMs: -Infinity, toMs: Infinity }, this.format);
  }

  summary(fromMs) {
    const found = this.series.summary(fromMs);
    if (!found) return "";
    const { texts } = this.format;
    const unit = this.unit ? ` ${this.unit}` : "";
    const told = ["lowest", "highest", "mean"].map((name) => `${texts[name]} ${this.format.value(found[name])}${unit}`);
    return told.join(", ");
  }

  readOut(ms) {
    const point = ms === null ? null : pointAt(this.series, ms);
    const unit = this.unit ? ` ${this.unit}` : "";
    write(this.parts.readout, point ? `${this.format.time(point.ts)}: ${this.format.value(point.value)}${unit}` : "");
  }
}
