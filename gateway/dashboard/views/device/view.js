// One device: a chart of each metric over a window of time, the past and what is live.

import { AxisBar } from "../../charts/axis_bar.js";
import { TimeAxis } from "../../charts/time_axis.js";
import { duration } from "../../live/freshness.js";
import { el, mark } from "../../parts/dom.js";
import { Card } from "./card.js";
import { Commands } from "./commands.js";
import { Detail } from "./detail.js";
import { Download } from "./download.js";
import { Head } from "./head.js";
import { DeviceModel, POINTS } from "./model.js";
import { Notes } from "./notes.js";
import { Outside } from "./outside.js";
import { OutsideChoice } from "./outside_choice.js";
import { WINDOWS, choiceOf, queryOf } from "./windows.js";

const TICK_MS = 1_000;
const PACE_MS = 200;
const ADDRESS_MS = 300;

export class DeviceView {
  source = { device: null };
  points = POINTS;

  constructor(context, route) {
    Object.assign(this, { context, route, device: route.name, topic: `device:${route.name}`, cards: new Map() });
    this.problem = null;
    this.subscribed = false;
    this.outside = null;
  }

  get title() {
    return this.device;
  }

  get windowMs() {
    return this.axis.windowMs;
  }

  open(place) {
    const { context, topic } = this;
    const { query } = this.route;
    this.model = new DeviceModel(topic);
    const { name, ms, span } = choiceOf(query, Date.now());
    this.windowName = name;
    this.axis = new TimeAxis(ms);
    this.wantedSpan = span; // until there are points
    const read = (path, signal) => context.access.json(path, { signal });
    this.detail = new Detail(topic, read, () => this.show(), (metric) => this.model.metrics.get(metric)?.unit ?? "");
    this.head = new Head(context, this.device);
    this.bar = new AxisBar(this.axis, context.format);
    this.choice = new OutsideChoice(context, query.get("outside"), (chosen) => this.chooseOutside(chosen));
    this.download = new Download(context, this.device, topic, () => this.axis.view);
    this.commands = new Commands(context, this.device);
    this.notes = new Notes(context);
    this.choice.element.append(this.notes.credit);
    this.grid = el("div", { class: "metrics" });
    const tools = el("div", { class: "device-tools" }, this.windows(), this.choice.element, this.download.element);
    const top = el("div", { class: "device-bar" }, tools, this.bar.element);
    this.element = el("div", { class: "device" }, this.head.element, top, this.notes.element, this.grid, this.commands.element);
    place.append(this.element);
    this.axis.listeners.add((what) => what === "view" && this.zoomed());
    this.feed = context.connection.feed(topic);
    this.feed.join(this);
    this.follow(query.get("outside"));
    this.timer = setInterval(() => this.show(), TICK_MS);
    this.again = () => this.show();
    context.connection.listeners.add(this.again);
    context.alerts.listeners.add(this.again);
    document.addEventListener("visibilitychange", this.again);
    this.show();
  }

  windows() {
    const { texts } = this.context;
    this.choices = WINDOWS.map((name) => {
      const attributes = { type: "button", "data-window": name, onclick: () => this.chooseWindow(name) };
      return el("button", attributes, texts.device_view.windows[name]);
    });
    return el("div", { class: "segments", role: "group", "aria-label": texts.device_view.window }, ...this.choices);
  }

  // ---- what is chosen, and said by the address ------------------------------

  changed(route) {
    this.route = route;
    const { name, span } = choiceOf(route.query, Date.now());
    const another = name !== this.windowName;
    if (another) this.setWindow(name);
    const place = route.query.get("outside");
    if (place !== (this.outside?.place ?? null)) {
      this.choice.setPlace(place);
      this.follow(place);
    }
    if (another) this.wantedSpan = span;
    else if (span || this.axis.zoomed) this.axis.show(span);
  }

  chooseWindow(name) {
    this.context.router.replaceQuery({ window: name, from: null, to: null });
    this.setWindow(name);
  }

  setWindow(name) {
    this.windowName = name;
    this.wantedSpan = null;
    this.axis.setWindow(duration(name));
    // Those that join bring a new snapshot, of the longest window that is wanted now.
    this.feed.leave(this);
    this.feed.join(this);
    for (const card of this.cards.values()) card.close();
    this.cards.clear();
    this.follow(this.outside?.place ?? null);
  }

  chooseOutside(place) {
    this.context.router.replaceQuery({ outside: place });
    this.follow(place);
  }

  follow(place) {
    this.outside?.close();
    const { connection } = this.context;
    this.outside = place ? new Outside(connection, place, this.windowMs, () => this.soon()) : null;
    this.show();
  }

  zoomed() {
    this.detail.want(this.model.thinned ? this.axis.zoomed : null);
    clearTimeout(this.addressed);
    this.addressed = setTimeout(() => this.context.router.replaceQuery({ window: this.windowName, ...queryOf(this.axis.zoomed) }), ADDRESS_MS);
    this.show();
  }

  // ---- what the feed brings -------------------------------------------------

  snapshot(data) {
    this.subscribed = true;
    this.model.snapshot(data, this.windowMs);
    this.detail.clear();
    this.tick();
    if (this.wantedSpan) this.axis.show(this.wantedSpan);
    else if (this.axis.zoomed) this.zoomed();
    this.wantedSpan = null;
    this.show();
  }

  publication(data) {
    this.model.publication(data);
    this.detail.add(data);
    this.soon();
  }

  trouble(code) {
    this.problem = code;
    if (code) this.subscribed = false;
    this.soon();
  }

  // ---- what is shown --------------------------------------------------------

  // Not at each of many readings.
  soon() {
    this.waiting ??= setTimeout(() => this.show(), PACE_MS);
  }

  show() {
    clearTimeout(this.waiting);
    this.waiting = null;
    if (document.hidden || !this.grid) return;
    const { model, axis } = this;
    this.tick();
    model.forget(axis.oldestMs);
    this.head.show(model, this.problem, this.subscribed);
    this.showCards();
    this.notes.show(this);
    this.download.element.hidden = this.commands.element.hidden = this.problem === "denied"; // they would be refused too
    for (const button of this.choices) mark(button, "aria-pressed", String(button.dataset.window === this.windowName));
  }

  tick() {
    const { endMs, beyond } = this.model.end(this.windowMs);
    this.beyond = beyond;
    this.axis.tick(endMs);
  }

  showCards() {
    const wanted = [...this.model.metrics.values()].sort(byKind);
    for (const [name, card] of this.cards) {
      if (this.model.metrics.get(name)?.kind === card.kind) continue;
      card.close();
      this.cards.delete(name);
    }
    wanted.forEach((metric, at) => {
      const known = this.cards.get(metric.name);
      const card = known ?? new Card(this, metric);
      this.cards.set(metric.name, card);
      if (this.grid.children[at] !== card.element) this.grid.insertBefore(card.element, this.grid.children[at] ?? null);
      card.show(metric);
    });
  }

  close() {
    clearInterval(this.timer);
    clearTimeout(this.waiting);
    clearTimeout(this.addressed);
    this.feed.leave(this);
    this.outside?.close();
    this.detail.close();
    this.download.close();
    this.choice.close();
    this.bar.close();
    for (const card of this.cards.values()) card.close();
    this.context.connection.listeners.delete(this.again);
    this.context.alerts.listeners.delete(this.again);
    document.removeEventListener("visibilitychange", this.again);
    this.element.remove();
  }
}

const KINDS = ["number", "switch", "text"];

function byKind(one, other) {
  return KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind) || (one.name < other.name ? -1 : 1);
}
