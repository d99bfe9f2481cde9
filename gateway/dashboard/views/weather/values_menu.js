// A small menu of a place's values, each with what pins it and what sets alerts of it.

import { alertButton } from "../../alerts/alert_button.js";
import { pinButton } from "../../boards/pin_button.js";
import { el, mark } from "../../parts/dom.js";
import { icon } from "../../parts/icons.js";

const EDGE = 8; // pixels to the window's edge

export class ValuesMenu {
  // `values()`: [{metric, label, unit}] as they are when it is opened.
  constructor(context, topic, values) {
    this.context = context;
    this.topic = topic;
    this.values = values;
    this.panel = el("div", { class: "card values-menu", popover: "auto" });
    this.button = el("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.panel.togglePopover() }, icon("more"));
    this.panel.addEventListener("beforetoggle", ({ newState }) => newState === "open" && this.fill());
    this.panel.addEventListener("toggle", ({ newState }) => {
      mark(this.button, "aria-expanded", newState === "open" ? "true" : "false");
      if (newState === "open") this.place();
    });
  }

  rename(name) {
    const label = this.context.texts.weather.menu(name);
    mark(this.button, "aria-label", label);
    mark(this.button, "title", label);
  }

  fill() {
    this.panel.replaceChildren(...this.values().map(({ metric, label, unit }) =>
      el("div", {}, el("span", {}, label),
        pinButton(this.context, { kind: "value", topic: this.topic, metric, device: null }),
        alertButton(this.context, { topic: this.topic, metric, device: null, unit, label }))));
  }

  place() {
    const at = this.button.getBoundingClientRect();
    const { width, height } = this.panel.getBoundingClientRect();
    this.panel.style.left = `${Math.max(EDGE, Math.min(at.right - width, innerWidth - width - EDGE))}px`;
    this.panel.style.top = `${Math.max(EDGE, Math.min(at.bottom + 4, innerHeight - height - EDGE))}px`;
  }

  close() {
    if (this.panel.matches(":popover-open")) this.panel.hidePopover();
  }
}
