// A small menu of a place's values, each with what pins it and what sets alerts of it.

import { el, mark } from "../../parts/dom.js";
import { icon } from "../../parts/icons.js";
import { Menu, valueRow } from "../../parts/menu.js";

export class ValuesMenu extends Menu {
  // `values()`: [{metric, label, unit}] as they are when it is opened.
  constructor(context, topic, values) {
    super("values-menu");
    Object.assign(this, { context, topic, values });
    const open = () => this.open(this.button, ...this.values().map((value) => this.row(value)));
    this.button = el("button", { type: "button", class: "quiet", "aria-haspopup": "true", hidden: true, onclick: open }, icon("more"));
  }

  rename(name) {
    const label = this.context.texts.weather.menu(name);
    mark(this.button, "aria-label", label);
    mark(this.button, "title", label);
  }

  row({ metric, label, unit }) {
    return valueRow(this.context, el("span", {}, label), { topic: this.topic, metric, device: null, unit, label });
  }
}
