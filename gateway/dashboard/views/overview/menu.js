// What can be done with the values of one device: choose the line, pin to the board, set an alert. One for all tiles.

import { alertButton } from "../../alerts/alert_button.js";
import { pinButton } from "../../boards/pin_button.js";
import { el } from "../../parts/dom.js";
import { label } from "./tile.js";

const MOST_CHOSEN = 200; // devices

export class Menu {
  constructor(context) {
    this.context = context;
    this.node = el("div", { class: "card tile-menu", popover: true });
  }

  open(tile) {
    const { device, more } = tile;
    const texts = this.context.texts.overview;
    const rows = device.metrics.map((metric) => this.row(tile, metric));
    this.node.replaceChildren(
      el("h3", {}, device.id),
      el("p", { class: "muted" }, texts.line),
      el("div", { class: "rows", role: "group", "aria-label": texts.line }, ...rows),
    );
    this.node.showPopover({ source: more });
    const [box, mine] = [more.getBoundingClientRect(), this.node.getBoundingClientRect()];
    this.node.style.left = `${Math.max(8, Math.min(innerWidth - mine.width - 8, box.right - mine.width))}px`;
    this.node.style.top = `${Math.max(8, Math.min(innerHeight - mine.height - 8, box.bottom + 4))}px`;
    this.node.querySelector("input:checked, input, button")?.focus();
  }

  row(tile, metric) {
    const { device } = tile;
    const topic = `device:${device.id}`;
    const { unit } = device.values.get(metric);
    const choice = device.lines.has(metric)
      ? el("input", { type: "radio", name: "line", checked: metric === tile.line, onchange: () => this.choose(tile, metric) })
      : null;
    return el(
      "div",
      {},
      el("label", {}, choice, el("span", {}, label(metric))),
      pinButton(this.context, { kind: "value", topic, metric, device: null, window: null }),
      alertButton(this.context, { topic, metric, device: null, unit, label: `${device.id} ${label(metric)}` }),
    );
  }

  choose(tile, metric) {
    const { preferences } = this.context;
    const { [tile.device.id]: _, ...others } = preferences.get("lines", {});
    const kept = Object.entries(others).slice(-MOST_CHOSEN + 1);
    preferences.set("lines", Object.fromEntries([...kept, [tile.device.id, metric]]));
  }

  close() {
    if (this.node.matches(":popover-open")) this.node.hidePopover();
  }
}
