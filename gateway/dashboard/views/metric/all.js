// The names of all metrics, each with how many devices report it.

import { el, write } from "../../parts/dom.js";
import { href } from "../../parts/router.js";
import { readFleet } from "./fleet.js";
import { unitsOf } from "./ranking.js";
import { MOST_DEVICES } from "./readings.js";
import { unitText } from "../../live/format.js";

const AGAIN_MS = 30_000;
const MOST_SHOWN = 500;

export class AllMetrics {
  constructor(context, route) {
    Object.assign(this, { context, route });
  }

  get title() {
    return this.context.texts.metric_view.all;
  }

  open(place) {
    const { metric_view: texts } = this.context.texts;
    this.found = new Map();
    this.search = el("input", { type: "search", "aria-label": texts.search_metrics, placeholder: texts.search_metrics, maxlength: 128 });
    this.search.value = this.route.query.get("search") ?? "";
    this.search.addEventListener("input", () => this.searched());
    this.list = el("ul", { class: "metrics" });
    this.note = el("p", { class: "muted", role: "status" }, texts.loading);
    place.append(el("div", { class: "metric-view" },
      el("div", { class: "top" }, el("h2", {}, this.title), this.search), this.note, this.list));
    this.renewed = (state) => state === "live" && this.read();
    this.context.connection.listeners.add(this.renewed);
    this.timer = setInterval(() => this.read(), AGAIN_MS);
    this.read();
  }

  changed(route) {
    this.route = route;
    this.search.value = route.query.get("search") ?? "";
    this.show();
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    this.context.connection.listeners.delete(this.renewed);
  }

  searched() {
    this.context.router.replaceQuery({ search: this.search.value.trim() });
    this.show();
  }

  async read() {
    if (this.reading || this.context.connection.client.state !== "connected") return;
    this.reading = true;
    const found = new Map();
    const take = (devices) => devices.forEach((device) => this.count(found, device));
    try {
      await readFleet(this.context.connection.client, take, { most: MOST_DEVICES, ended: () => this.closed });
      this.found = found;
    } catch {
      // What was there stays; it is tried again.
      if (this.found.size === 0) this.found = found;
    } finally {
      this.reading = false;
    }
    if (!this.closed) this.show();
  }

  count(found, { latest }) {
    for (const [metric, { unit }] of Object.entries(latest)) {
      if (!found.has(metric)) found.set(metric, []);
      found.get(metric).push({ unit: unitText(unit) });
    }
  }

  show() {
    const { format, texts } = this.context;
    const wanted = this.search.value.trim().toLowerCase();
    const names = [...this.found.keys()].filter((name) => name.toLowerCase().includes(wanted)).sort();
    this.list.replaceChildren(...names.slice(0, MOST_SHOWN).map((name) => {
      const rows = this.found.get(name);
      const units = unitsOf(rows).map(({ unit }) => unit).filter(Boolean).slice(0, 3).join(", ");
      return el("li", { class: "card", "data-metric": name },
        el("a", { href: href("metric", name) }, name.replaceAll("_", " ")),
        el("span", { class: "muted" }, [texts.metric_view.devices(format.value(rows.length)), units].filter(Boolean).join(" · ")));
    }));
    const nothing = this.found.size === 0 ? texts.metric_view.none : texts.metric_view.no_match;
    write(this.note, names.length === 0 ? nothing : "");
  }
}
