// The last hours of a place: temperature, precipitation, wind and pressure over the same time.

import { AxisBar } from "../../charts/axis_bar.js";
import { TimeAxis } from "../../charts/time_axis.js";
import { TimeChart } from "../../charts/time_chart.js";
import { pinButton } from "../../boards/pin_button.js";
import { Series } from "../../live/series.js";
import { windowsFrom } from "../../live/windows.js";
import { el, mark, write } from "../../parts/dom.js";
import { href } from "../../parts/router.js";
import { icon } from "../../parts/icons.js";
import { unitAfter, unitInSnapshot } from "./units.js";

export const WINDOWS = windowsFrom("6h", "24h");
export const DEFAULT_WINDOW = "24h";
const METRICS = ["temperature", "precipitation", "wind_speed", "pressure"];
const MOST_POINTS = 2_000;
const POINTS = 1_000;
// Hours of the past, and a pause in which a service did not answer once.
const SILENT_MS = 7_200_000;
const TICK_MS = 10_000;

export class PlacePast {
  source = { device: null };
  windowMs = WINDOWS.get("24h");
  points = POINTS;
  skewMs = 0; // how far the server's clock is ahead of the viewer's

  // `name` is what to call the place until its topic says it; `turned(window)` asks for another window.
  constructor(context, place, name, window, turned) {
    Object.assign(this, { context, place, window });
    const { texts, format } = context;
    const words = texts.weather;
    this.heading = el("h3", { tabindex: "-1" }, words.chart(name));
    this.windows = el("div", { class: "windows", role: "group", "aria-label": words.window },
      ...[...WINDOWS.keys()].map((each) => el("button", { type: "button", value: each, onclick: () => turned(each) }, words.windows[each])));
    this.axis = new TimeAxis(WINDOWS.get(window));
    this.bar = new AxisBar(this.axis, format);
    const grid = el("div", { class: "past-charts" });
    this.element = el("section", { class: "card past", "data-past": place },
      el("div", { class: "head" }, this.heading, this.windows,
        el("a", { class: "quiet close", href: href("weather"), "aria-label": words.close, title: words.close }, icon("close"))),
      this.bar.element, grid);
    this.lines = METRICS.map((metric) => this.newLine(grid, metric));
    this.showWindow(window);
  }

  newLine(grid, metric) {
    const { context, axis } = this;
    const label = context.texts.weather.metrics[metric];
    const series = new Series(MOST_POINTS);
    const topic = `weather:${this.place}`;
    const pin = pinButton(context, () => ({ kind: "chart", topic, metric, device: null, window: this.window }));
    const place = el("div", { class: "past-chart", "data-metric": metric }, el("div", { class: "head" }, el("h4", {}, label), pin));
    grid.append(place);
    return { metric, label, series, unit: null, place, chart: null, axis };
  }

  // Once it is in the page.
  open() {
    const { context, axis } = this;
    for (const line of this.lines) {
      line.chart = new TimeChart(line.place, { format: context.format, axis, bar: false, label: line.label, empty: context.texts.weather.no_past });
    }
    this.draw();
    this.feed = context.connection.feed(`weather:${this.place}`);
    this.feed.join(this);
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  close() {
    clearInterval(this.timer);
    this.feed.leave(this);
    for (const { chart } of this.lines) chart.close();
    this.bar.close();
    this.element.remove();
  }

  turn(window) {
    this.window = window;
    this.showWindow(window);
    this.axis.setWindow(WINDOWS.get(window));
  }

  showWindow(window) {
    for (const button of this.windows.children) mark(button, "aria-pressed", String(button.value === window));
  }

  // ---- what the feed brings -------------------------------------------------

  snapshot(data) {
    for (const line of this.lines) {
      const found = data.window.series.find(({ metric }) => metric === line.metric);
      line.series.load(found?.points ?? []);
      line.unit = unitInSnapshot(line.metric, data);
    }
    this.skewMs = data.window.to - Date.now();
    this.tick();
    this.rename(data.latest?.tags?.city);
    this.draw();
  }

  publication(data) {
    // One that was there already, with a mark, is no other point.
    if ("stale" in data) return;
    for (const line of this.lines) {
      if (!Object.hasOwn(data.values ?? {}, line.metric)) continue;
      line.series.add(data.ts, data.values[line.metric]);
      line.series.forget(this.axis.nowMs - this.windowMs);
      line.unit = unitAfter(line.unit, line.metric, data);
    }
    this.rename(data.tags?.city);
    this.tick();
    this.draw();
  }

  trouble() {}

  tick() {
    this.axis.tick(Date.now() + this.skewMs);
  }

  rename(city) {
    if (city) write(this.heading, this.context.texts.weather.chart(city));
  }

  draw() {
    for (const { metric, chart, label, series, unit } of this.lines) {
      chart.setSeries([{ key: metric, label, unit: unit ?? "", series, silentMs: SILENT_MS }]);
    }
  }
}
