// <windsock-chart topic="device:greenhouse-7" metric="temperature" window="1h">: a line of the past and of what is live.

import { endOf } from "../charts/end.js";
import { pointAt } from "../charts/lines.js";
import { Plot, plotSheet } from "../charts/plot.js";
import { Table } from "../charts/table.js";
import { duration } from "../live/freshness.js";
import { Series } from "../live/series.js";
import { addInUnit } from "../live/unit_change.js";
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
      missing: part("p", "missing"),
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
    root.append(head, this.parts.missing, this.parts.plot, this.parts.readout, this.parts.summary, this.table.details);
    this.parts.missing.setAttribute("role", "status");
    this.plot = new Plot(this.parts.plot, (ms) => this.readOut(ms), (missing) => this.miss(missing));
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
    this.series.thinned ||= points.length >= POINTS;
  }

  add(reading, unit, newest) {
    addInUnit(this.series, unit, reading, newest);
  }

  draw({ reason, ageMs, now }) {
    const windowMs = this.windowMs ?? 0;
    const { endMs, beyond } = endOf([this.series], now + this.skewMs, windowMs);
    const fromMs = endMs - windowMs;
    this.series.forget(fromMs);
    write(this.parts.label, this.label);
    write(this.parts.value, this.newest ? this.format.value(this.newest.value) : "–");
    write(this.parts.unit, this.newest ? this.unit : "");
    write(this.parts.state, reason);
    write(this.parts.age, ageMs === null ? "" : this.format.age(ageMs));
    write(this.parts.summary, this.summary(fromMs, endMs, beyond));
    this.parts.plot.setAttribute("aria-label", `${this.label}: ${this.parts.summary.textContent || reason}`);
    // Points that were thinned out are no silence.
    const silentMs = Math.max(this.freshness?.silentMs ?? 0, (THINNED * this.windowMs) / POINTS);
    const { series, label, unit, held } = this;
    const line = { series, label, unit, silentMs, held, colour: "--line" };
    this.plot.show([line], fromMs, endMs, this.format);
    this.table.show([line], { fromMs: -Infinity, toMs: Infinity }, this.format);
  }

  // A switch, whose points are 0 and 1.
  get held() {
    return typeof this.newest?.value === "boolean";
  }

  summary(fromMs, toMs, beyond) {
    const { charts, ...texts } = this.format.texts;
    const found = this.held ? null : this.series.summary(fromMs, toMs);
    const unit = this.unit ? ` ${this.unit}` : "";
    if (this.series.thinned) texts.mean = charts.drawn_mean;
    const word = (name) => `${texts[name]} ${this.format.value(found[name])}${unit}`;
    const told = found ? ["lowest", "highest", "mean"].map(word) : [];
    if (beyond > 0) told.push(charts.beyond(beyond));
    return told.join(", ");
  }

  // The picture is not there: the table is shown instead.
  miss(missing) {
    write(this.parts.missing, missing ? this.format.texts.charts.missing : "");
    this.table.standIn(missing);
  }

  readOut(ms) {
    const { series, held } = this;
    const point = ms === null ? null : pointAt(series, ms, Infinity, held);
    const unit = this.unit ? ` ${this.unit}` : "";
    const value = point && this.format.value(held ? point.value === 1 : point.value);
    write(this.parts.readout, point ? `${this.format.time(point.ts)}: ${value}${unit}` : "");
  }
}
