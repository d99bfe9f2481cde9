// One device in the ranking of a metric.

import { alertButton } from "../../alerts/alert_button.js";
import { pinButton } from "../../boards/pin_button.js";
import { sample } from "../../charts/readout.js";
import { markOf } from "../../charts/marks.js";
import { el, mark, write } from "../../parts/dom.js";
import { href } from "../../parts/router.js";
import { shareOf } from "./ranking.js";

export class Row {
  // `list` has chosen(device, drawn), only(device) and pointed(device or null).
  constructor(context, metric, row, list) {
    Object.assign(this, { context, row, metric, topic: `device:${row.device}` });
    const { metric_view: texts } = context.texts;
    const { device } = row;
    this.box = el("input", { type: "checkbox", "aria-label": texts.draw(device), onchange: () => list.chosen(device, this.box.checked) });
    this.swatch = el("span", { class: "swatch" });
    this.rank = el("td", { class: "rank" });
    this.fill = el("span", { class: "fill" });
    this.value = el("span", { class: "value" });
    this.age = el("span", { class: "age" });
    this.state = el("span", { class: "state" });
    this.alarm = el("span", { class: "alarm" });
    const only = el("button", { type: "button", class: "only", "aria-label": texts.only_of(device), onclick: () => list.only(device) }, texts.only);
    this.element = el("tr", { "data-device": device },
      this.rank,
      el("td", { class: "line" }, el("label", {}, this.box, this.swatch)),
      el("th", { scope: "row" }, el("a", { href: href("device", device) }, device), this.alarm),
      el("td", { class: "bar", "aria-hidden": "true" }, el("span", { class: "track" }, this.fill)),
      el("td", { class: "figure" }, this.value),
      el("td", { class: "seen" }, this.age, " ", this.state),
      el("td", { class: "actions" }, only,
        pinButton(context, { kind: "value", topic: this.topic, metric, device: null }),
        alertButton(context, { topic: this.topic, metric, device: null, unit: () => row.unit ?? "", label: `${device} ${metric}` })));
    for (const event of ["pointerenter", "focusin"]) this.element.addEventListener(event, () => list.pointed(device));
    for (const event of ["pointerleave", "focusout"]) this.element.addEventListener(event, () => list.pointed(null));
  }

  place(rank, slot) {
    write(this.rank, this.context.format.value(rank));
    this.box.checked = slot !== undefined;
    if (this.slot === slot) return;
    this.slot = slot;
    this.swatch.replaceChildren(...(slot === undefined ? [] : [sample(markOf(slot))]));
  }

  draw(stats, now) {
    const { format, texts, alerts } = this.context;
    const { row } = this;
    write(this.value, `${format.value(row.value)}${row.unit ? `\u00a0${row.unit}` : ""}`);
    const share = shareOf(row.value, stats);
    this.fill.style.inlineSize = `${Math.round((share ?? 0) * 1000) / 10}%`;
    this.fill.hidden = share === null;
    const age = row.freshness.ageMs(now);
    write(this.age, age === null ? "" : format.age(age));
    const silent = row.freshness.silent(now);
    mark(this.element, "data-state", silent ? "stale" : "live");
    write(this.state, silent ? texts.reasons.silent : "");
    const alarm = alerts.of(this.topic, this.metric);
    write(this.alarm, alarm ? ` ${alarm.text}` : "");
  }
}
