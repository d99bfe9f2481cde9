// What time the charts of an axis show, that they stand still if they do, and buttons for all that a mouse can do.

import { el, mark, write } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { adopt } from "./style.js";

export class AxisBar {
  constructor(axis, format) {
    Object.assign(this, { axis, format });
    const { charts } = format.texts;
    const press = (name, key) => this.button(charts[name], name, () => axis.key(key));
    this.span = el("span", { class: "span" });
    this.still = el("span", { class: "still", role: "status" });
    this.later = press("later", "ArrowRight");
    this.earlier = press("earlier", "ArrowLeft");
    this.live = el("button", { type: "button", class: "live", onclick: () => axis.show(null) }, charts.live);
    const buttons = el("span", { class: "buttons" }, this.earlier, this.later, press("closer", "+"), press("wider", "-"));
    this.element = el("div", { class: "axis-bar" }, this.span, this.still, this.live, buttons);
    adopt(document);
    this.listener = (what) => what !== "cursor" && this.show();
    axis.listeners.add(this.listener);
    this.show();
  }

  button(label, name, onclick) {
    return el("button", { type: "button", class: "quiet", title: label, "aria-label": label, onclick }, icon(name));
  }

  show() {
    const { view, zoomed } = this.axis;
    write(this.span, this.format.span(view.fromMs, view.toMs));
    write(this.still, zoomed ? this.format.texts.charts.still : "");
    for (const button of [this.earlier, this.later]) mark(button, "disabled", zoomed === null);
    this.live.style.visibility = zoomed ? "visible" : "hidden"; // it keeps its place
  }

  close() {
    this.axis.listeners.delete(this.listener);
  }
}
