// What can be done with the values of one device: choose the line, pin to the board, set an alert. One for all tiles.

import { el } from "../../parts/dom.js";
import { Menu, valueRow } from "../../parts/menu.js";
import { label } from "./tile.js";

const MOST_CHOSEN = 200; // devices

export class TileMenu extends Menu {
  constructor(context) {
    super("tile-menu");
    this.context = context;
  }

  openFor(tile) {
    const { device, more } = tile;
    const texts = this.context.texts.overview;
    const rows = device.metrics.map((metric) => this.row(tile, metric));
    this.open(
      more,
      el("h3", {}, device.id),
      el("p", { class: "muted" }, texts.line),
      el("div", { class: "rows", role: "group", "aria-label": texts.line }, ...rows),
    );
  }

  row(tile, metric) {
    const { device } = tile;
    const { unit } = device.values.get(metric);
    const choice = device.lines.has(metric)
      ? el("input", { type: "radio", name: "line", checked: metric === tile.line, onchange: () => this.choose(tile, metric) })
      : null;
    const what = { topic: `device:${device.id}`, metric, device: null, unit, label: `${device.id} ${label(metric)}` };
    return valueRow(this.context, el("label", {}, choice, el("span", {}, label(metric))), what);
  }

  choose(tile, metric) {
    const { preferences } = this.context;
    const { [tile.device.id]: _, ...others } = preferences.get("lines", {});
    const kept = Object.entries(others).slice(-MOST_CHOSEN + 1);
    preferences.set("lines", Object.fromEntries([...kept, [tile.device.id, metric]]));
  }
}
