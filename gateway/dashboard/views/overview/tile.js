// One device's tile: its name, how fresh it is, tags, values, and a line. It writes only what is new.

import { metricText, unitText } from "../../live/format.js";
import { el, mark, write } from "../../parts/dom.js";
import { icon } from "../../parts/icons.js";
import { href } from "../../parts/router.js";
import { Spark } from "./spark_line.js";

const CELLS = 6;
const NOW_MS = 5_000;
const OLD_MS = 600_000; // a value that is so much older than the others says so

export class Tile {
  // `menu(tile)` opens what can be done with the device.
  constructor(context, device, menu) {
    this.context = context;
    this.device = device;
    this.name = el("a", { class: "name", href: href("device", device.id), title: device.id }, device.id);
    this.state = el("span", { class: "freshness" });
    this.tags = el("span", { class: "tags" });
    this.alert = el("span", { class: "alarm", hidden: true }, icon("bell"), el("span"));
    this.cells = el("div", { class: "cells", onpointerover: ({ target }) => this.explain(target.closest("a")) });
    this.spark = new Spark();
    this.more = el("button", { type: "button", class: "quiet", "aria-haspopup": "true", onclick: () => menu(this) }, icon("more"));
    this.node = el(
      "li",
      { class: "card tile", "data-device": device.id },
      el("div", { class: "head" }, this.name, this.more),
      el("div", { class: "about" }, this.tags, this.alert, this.state),
      this.cells,
      this.spark.node,
    );
  }

  // What is new of its values; `wanted` is the metric that the viewer looks for.
  draw(now, wanted) {
    const { device, context } = this;
    write(this.tags, device.tags.map((tag) => tag.slice(tag.indexOf(":") + 1)).join(" · "));
    mark(this.tags, "title", device.tags.join("\n"));
    mark(this.more, "aria-label", context.texts.overview.more_of(device.id));
    this.line = device.shownLine(wanted || context.preferences.get("lines", {})[device.id]);
    const alerts = this.drawCells(this.line ?? wanted);
    this.alert.hidden = alerts.length === 0;
    mark(this.node, "data-alert", alerts.length > 0);
    write(this.alert.lastChild, alerts.join(", "));
    this.age(now);
    this.drawLine(now);
  }

  drawCells(wanted) {
    const { device, context } = this;
    const shown = shownMetrics(device.metrics, wanted);
    const count = shown.length + (shown.length < device.metrics.length ? 1 : 0);
    mark(this.cells, "data-count", count);
    while (this.cells.children.length > count) this.cells.lastChild.remove();
    const alerts = [];
    shown.forEach((metric, at) => {
      const alert = context.alerts.of(`device:${device.id}`, metric);
      if (alert) alerts.push(alert.text);
      this.drawCell(this.cellAt(at), metric, alert);
    });
    if (count > shown.length) {
      const cell = this.cellAt(shown.length);
      const more = device.metrics.length - shown.length;
      this.fill(cell, href("device", device.id), context.texts.overview.more_metrics(more), "", "");
      for (const name of ["data-alert", "data-old", "data-line"]) mark(cell, name, null);
      cell.metric = null;
    }
    return alerts;
  }

  drawCell(cell, metric, alert) {
    const { value, ts, unit } = this.device.values.get(metric);
    const { format } = this.context;
    const lateMs = this.device.freshness.ts - ts;
    const old = lateMs > Math.max(OLD_MS, this.device.freshness.silentMs);
    const [shown, inUnit] = [format.value(value), unit ? ` ${unitText(unit)}` : ""];
    this.fill(cell, href("metric", metric), old ? `${label(metric)} · ${format.age(lateMs)}` : label(metric), shown, inUnit);
    this.size(cell, metric, typeof value === "number" ? shown.length : 1);
    mark(cell, "data-line", metric === this.line);
    mark(cell, "data-alert", Boolean(alert));
    mark(cell, "data-old", old);
    cell.metric = metric;
  }

  // All of a value that is pointed at, and when it was measured.
  explain(cell) {
    const known = this.device.values.get(cell?.metric);
    if (!known) return;
    const { format } = this.context;
    mark(cell, "title", `${cell.metric}: ${format.value(known.value)} ${unitText(known.unit)}\n${format.time(known.ts)}`);
  }

  fill(cell, address, name, value, unit) {
    mark(cell, "href", address);
    const [above, below] = cell.children;
    write(above, name);
    const text = below.firstChild.firstChild;
    if (text.data !== value) text.data = value;
    write(below.lastChild, unit);
  }

  // Numbers are never cut: long ones are smaller. By the longest yet, so that the size does not change with each.
  size(cell, metric, length) {
    if (cell.metric === metric && length <= cell.longest) return;
    cell.longest = length;
    cell.style.setProperty("--length", length);
  }

  cellAt(at) {
    const { children } = this.cells;
    return children[at] ?? this.cells.appendChild(el("a", {}, el("small"), el("b", {}, el("span", {}, document.createTextNode("")), el("i"))));
  }

  // How old it is, which changes by itself.
  age(now) {
    const { freshness } = this.device;
    const { format, texts } = this.context;
    const ageMs = freshness.ageMs(now);
    const silent = freshness.silent(now);
    const age = ageMs === null ? "" : ageMs < NOW_MS ? texts.overview.now : format.age(ageMs);
    const state = ageMs === null ? texts.reasons.nothing : silent ? `${texts.reasons.silent} · ${age}` : age;
    write(this.state, state);
    mark(this.node, "data-silent", silent);
  }

  drawLine(now) {
    const { lines, freshness } = this.device;
    this.spark.draw(lines.get(this.line), freshness.silentMs, now - freshness.lagMs);
  }
}

// All, or as many as there is room for beside how many more there are; the one that is wanted is among them.
function shownMetrics(metrics, wanted) {
  if (metrics.length <= CELLS) return metrics;
  const shown = metrics.slice(0, CELLS - 1);
  if (metrics.includes(wanted) && !shown.includes(wanted)) shown[shown.length - 1] = wanted;
  return shown;
}

export function label(metric) {
  return metricText(metric);
}
