// The names of all metrics, each with how many devices report it.

import { el, fill, write } from "../../parts/dom.js";
import { href } from "../../parts/router.js";
import { readFleet } from "./fleet.js";
import { problemOf, problemParts } from "./problem.js";
import { unitsOf } from "./ranking.js";
import { MOST_DEVICES } from "./readings.js";
import { metricText, unitText } from "../../live/format.js";

const AGAIN_MS = 30_000;
const MOST_SHOWN = 500;

export class AllMetrics {
  constructor(context, route) {
    Object.assign(this, { context, route });
  }

  get title() {
    return this.context.texts.views.metric;
  }

  open(place) {
    const { metric_view: texts } = this.context.texts;
    this.found = new Map();
    this.cards = new Map(); // name → {element, about}
    this.problem = null; // see problem.js
    this.search = el("input", { type: "search", "aria-label": texts.search_metrics, placeholder: texts.search_metrics, maxlength: 128 });
    this.search.value = this.route.query.get("search") ?? "";
    this.search.addEventListener("input", () => this.searched());
    this.list = el("ul", { class: "metrics" });
    this.note = el("p", { class: "muted", role: "status" }, texts.loading);
    this.again = el("button", { type: "button", hidden: true, onclick: () => this.read() }, this.context.texts.shell.failed.again);
    place.append(el("div", { class: "metric-view" },
      el("div", { class: "top" }, el("h2", {}, this.title), this.search),
      el("div", { class: "row" }, this.note, this.again), this.list));
    this.renewed = (state) => {
      if (state === "live") this.read();
      else if (state !== "connecting") this.failed();
    };
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
    this.context.router.replaceQuery({ search: this.search.value.trim() || null });
    this.show();
  }

  async read() {
    if (this.reading) return;
    if (this.context.connection.client.state !== "connected") {
      if (this.begun) this.failed();
      this.begun = true;
      return;
    }
    this.begun = true;
    this.reading = true;
    const found = new Map();
    const take = (devices) => devices.forEach((device) => this.count(found, device));
    try {
      this.all = await readFleet(this.context.connection.client, take, { most: MOST_DEVICES, ended: () => this.closed });
      [this.found, this.problem] = [found, null];
    } catch (error) {
      // What was there stays.
      if (this.found.size === 0) this.found = found;
      this.problem = problemOf(error, this.context.connection);
    } finally {
      this.reading = false;
    }
    if (!this.closed) this.show();
  }

  failed() {
    this.problem = problemOf(null, this.context.connection);
    this.show();
  }

  count(found, { latest }) {
    for (const [metric, { unit }] of Object.entries(latest)) {
      if (!found.has(metric)) found.set(metric, []);
      found.get(metric).push({ unit: unitText(unit) });
    }
  }

  // In place: who has come to one of them with the keyboard stays there.
  show() {
    const wanted = this.search.value.trim().toLowerCase();
    const names = [...this.found.keys()].filter((name) => name.toLowerCase().includes(wanted)).sort();
    const shown = new Set(names.slice(0, MOST_SHOWN));
    for (const [name, { element }] of this.cards) {
      if (shown.has(name)) continue;
      element.remove();
      this.cards.delete(name);
    }
    let at = this.list.firstElementChild;
    for (const name of shown) {
      if (!this.cards.has(name)) this.cards.set(name, this.newCard(name));
      const { element, about } = this.cards.get(name);
      if (element === at) at = at.nextElementSibling;
      else this.list.insertBefore(element, at);
      write(about, this.aboutOf(this.found.get(name)));
    }
    fill(this.note, this.noteOf(names.length));
    this.again.hidden = this.problem === null || "state" in this.problem;
  }

  newCard(name) {
    const about = el("span", { class: "muted" });
    const link = el("a", { href: href("metric", name) }, metricText(name));
    return { element: el("li", { class: "card", "data-metric": name }, link, about), about };
  }

  aboutOf(rows) {
    const { format, texts } = this.context;
    const { devices, no_unit: none } = texts.metric_view;
    const units = unitsOf(rows).map(({ unit }) => unit);
    const told = units.length > 1 ? units.map((unit) => unit || none) : units.filter(Boolean);
    return [devices(format.count(rows.length)), told.slice(0, 3).join(", ")].filter(Boolean).join(" · ");
  }

  noteOf(count) {
    const { format, texts } = this.context;
    const words = texts.metric_view;
    if (this.problem !== null) return problemParts(this.problem, texts);
    if (count === 0) return [this.found.size > 0 ? words.no_match : this.all === undefined ? words.loading : words.none];
    const told = this.all ? [] : [words.many(format.value(MOST_DEVICES))];
    if (count > MOST_SHOWN) told.push(words.rows(format.value(1), format.value(MOST_SHOWN), format.value(count)));
    return [told.join(" ")];
  }
}
