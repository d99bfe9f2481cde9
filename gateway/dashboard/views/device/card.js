// One metric of a device: its newest value, how old that is, and its chart; a text is its value alone.

import { alertButton } from "../../alerts/alert_button.js";
import { pinButton } from "../../boards/pin_button.js";
import { TimeChart } from "../../charts/time_chart.js";
import { metricText, unitText } from "../../live/format.js";
import { el, mark, write } from "../../parts/dom.js";
import { href } from "../../parts/router.js";
import { silentMsOf } from "./model.js";
import { weatherMetricOf } from "./overlay.js";

export class Card {
  // `view`: {context, topic, windowName, axis, outside (or null), detail}.
  constructor(view, metric) {
    Object.assign(this, { view, name: metric.name, kind: metric.kind });
    const { context, topic, windowName } = view;
    this.label = metricText(metric.name);
    const isText = metric.kind === "text";
    const item = { kind: isText ? "value" : "chart", topic, metric: metric.name, device: null, window: windowName };
    const what = { topic, metric: metric.name, device: null, unit: unitText(metric.unit), label: this.label };
    this.value = el("span", { class: "value" });
    this.unit = el("span", { class: "unit muted" });
    this.note = el("span", { class: "freshness" });
    this.alert = el("p", { class: "alert", role: "status" });
    const link = isText ? this.label : el("a", { href: href("metric", metric.name) }, this.label);
    const tools = el("span", { class: "tools" }, pinButton(context, item), isText ? null : alertButton(context, what));
    const figure = el("p", { class: "figure" }, this.value, this.unit, this.note);
    const named = { "data-metric": metric.name, "data-kind": metric.kind, "aria-label": this.label };
    const top = el("div", { class: "top" }, el("h3", {}, link), tools);
    this.element = el("section", { class: "card metric", ...named }, top, figure, this.alert);
    if (!isText) {
      this.chart = new TimeChart(this.element, {
        format: context.format, axis: view.axis, label: this.label, bar: false, empty: context.texts.device_view.nothing_here,
      });
    }
    this.show(metric);
  }

  // Draw other series, or others of them, if anything about them has changed but their points.
  show(metric) {
    const { context, outside, detail, axis, topic } = this.view;
    const now = Date.now();
    const { format, texts } = context;
    write(this.value, metric.newest ? format.value(metric.newest.value) : "–");
    write(this.unit, metric.kind === "number" ? unitText(metric.unit) : "");
    const silent = metric.newest !== null && metric.freshness.silent(now);
    const ageMs = metric.newest ? metric.freshness.ageMs(now) : null;
    const age = ageMs === null ? "" : format.age(ageMs);
    const time = metric.kind === "text" && metric.newest ? `${format.time(metric.newest.ts)} · ` : "";
    write(this.note, silent ? `${time}${texts.reasons.silent} · ${age}` : `${time}${age}`);
    mark(this.element, "data-silent", silent);
    const alert = context.alerts.of(topic, this.name);
    write(this.alert, alert?.text ?? "");
    mark(this.element, "data-alert", alert !== null);
    if (!this.chart) return;
    const exact = axis.zoomed && metric.series.thinned ? detail.of(metric.name, axis.view) : null;
    this.chart.setSeries([this.mine(metric, exact), this.theirs(metric, outside)].filter(Boolean));
  }

  mine(metric, exact) {
    return {
      key: "device",
      label: this.label,
      unit: unitText(metric.unit),
      series: exact ?? metric.series,
      silentMs: exact ? metric.freshness.silentMs : silentMsOf(metric),
      held: metric.kind === "switch",
    };
  }

  theirs({ kind, name, unit }, outside) {
    const metric = outside && kind === "number" ? weatherMetricOf(name, unit) : null;
    if (!metric) return null;
    const weather = outside.of(metric, unit);
    return {
      key: "outside",
      label: this.view.context.texts.device_view.outside.of(outside.city),
      unit: unitText(weather.unit),
      series: weather.series,
      silentMs: outside.silentMs,
      steps: true,
    };
  }

  close() {
    this.chart?.close();
    this.element.remove();
  }
}
