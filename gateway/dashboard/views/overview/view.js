// All devices: tiles with live values, searched, filtered and in order.

import { el, write } from "../../parts/dom.js";
import { WeatherCards } from "../weather/cards.js";
import { Empty } from "./empty.js";
import { TileMenu } from "./menu.js";
import { choices, found, queryOf, wishesOf } from "./query.js";
import { Roster } from "./roster.js";
import { steady } from "./steady.js";
import { Supply } from "./supply.js";
import { Tiles } from "./tiles.js";
import { Toolbar } from "./toolbar.js";

const TICK_MS = 1_000;
const CALM_MS = 3_000; // an order by what changes is refreshed that often
const STILL_MS = 5_000; // a pointer that rests is not used

// What was known and where one was, for who comes back.
const left = new WeakMap();

export class OverviewView {
  constructor(context, route) {
    this.context = context;
    this.wishes = wishesOf(route.query);
    this.back = left.get(context);
    this.roster = this.back?.roster ?? new Roster();
    this.roster.changed = (id) => this.tiles.change(id);
    this.tiles = new Tiles(context, { menu: (tile) => this.menu.openFor(tile), looked: (devices) => this.look(devices) });
    this.toolbar = new Toolbar(context, (changes) => this.wish(changes));
    this.empty = new Empty(context, () => this.wish({ q: "", tag: "", metric: "", silent: false }));
    this.note = el("p", { class: "muted", role: "status" });
    this.menu = new TileMenu(context);
    this.weather = new WeatherCards(context);
    this.supply = new Supply({
      connection: context.connection,
      access: context.access,
      roster: this.roster,
      changed: () => this.search(),
      hidden: () => document.hidden,
    });
    this.endings = [];
  }

  get title() {
    return this.context.texts.views.overview;
  }

  open(place) {
    const { context } = this;
    this.strip = el("section", { class: "weather-strip", "aria-label": context.texts.views.weather });
    if (this.back) this.strip.style.minBlockSize = `${this.back.strip}px`; // what stands below does not jump
    place.append(
      el("h2", { class: "visually-hidden" }, this.title),
      this.strip,
      this.toolbar.node,
      this.note,
      this.empty.node,
      this.tiles.list,
      this.menu.node,
    );
    this.listen(document, "visibilitychange", () => document.hidden || this.wake());
    this.listen(this.tiles.list, "pointermove", () => (this.pointed = Date.now()));
    this.endings.push(context.preferences.listen("lines", () => this.tiles.redraw()));
    const alerted = (topic) => topic.startsWith("device:") && this.tiles.change(topic.slice("device:".length));
    const turned = (state) => this.turn(state);
    context.alerts.listeners.add(alerted);
    context.connection.listeners.add(turned);
    this.endings.push(() => context.alerts.listeners.delete(alerted), () => context.connection.listeners.delete(turned));
    this.timer = setInterval(() => document.hidden || this.tick(), TICK_MS);
    this.weather.open(this.strip);
    this.tiles.open();
    this.supply.open();
    this.turn(context.connection.state);
    this.toolbar.show(this.wishes);
    this.refresh();
    if (this.back) this.return(this.back);
    this.endings.push(steady(this.tiles.list)); // from where it is now
  }

  changed(route) {
    this.wishes = wishesOf(route.query);
    this.toolbar.show(this.wishes);
    this.refresh();
  }

  close() {
    left.set(this.context, { roster: this.roster, at: this.tiles.top, query: this.query, strip: this.strip.offsetHeight });
    this.roster.changed = () => {};
    clearInterval(this.timer);
    cancelAnimationFrame(this.searching);
    for (const end of this.endings) end();
    this.weather.close();
    this.menu.close();
    this.supply.close();
    this.tiles.close();
  }

  listen(target, event, listener) {
    target.addEventListener(event, listener);
    this.endings.push(() => target.removeEventListener(event, listener));
  }

  get query() {
    return JSON.stringify(queryOf(this.wishes));
  }

  // To where one was in the same list.
  return({ at, query }) {
    if (query !== this.query || at <= 0) return;
    this.tiles.render();
    scrollBy(0, at - this.tiles.top);
  }

  wish(changes) {
    this.wishes = { ...this.wishes, ...changes };
    if (this.wishes.sort === "value" && !this.wishes.metric) this.wishes.metric = this.commonest() ?? "";
    this.context.router.replaceQuery(queryOf(this.wishes));
    this.toolbar.show(this.wishes);
    this.refresh();
    // What is found stands at the beginning.
    if (this.tiles.top > 0) this.toolbar.node.scrollIntoView();
  }

  commonest() {
    return this.toolbar.choices.metrics.toSorted(([, a], [, b]) => b - a)[0]?.[0];
  }

  // Something is new: once for all that comes together.
  search() {
    this.searching ??= requestAnimationFrame(() => {
      this.searching = null;
      this.refresh();
    });
  }

  refresh() {
    const now = Date.now();
    [this.version, this.refreshed] = [this.roster.version, now];
    const all = [...this.roster.devices.values()];
    const shown = found(all, this.wishes, now, this.context.format.names);
    this.tiles.show(shown, this.wishes.metric);
    if (this.chosenFrom !== this.version) this.toolbar.choose(choices(all, this.context.format.names));
    this.chosenFrom = this.version;
    const silent = all.reduce((count, device) => count + Number(device.freshness.silent(now)), 0);
    this.toolbar.counted(shown.length, all.length, silent);
    this.toolbar.node.hidden = all.length === 0;
    const { texts, format } = this.context;
    write(this.note, this.roster.full ? texts.overview.most(format.value(all.length)) : "");
    this.note.hidden = !this.roster.full;
    this.empty.show(shown.length ? null : all.length ? "unfound" : (this.supply.problem ?? (this.supply.known ? "none" : "waiting")));
  }

  tick() {
    const now = Date.now();
    this.tiles.tick(now);
    this.supply.ask();
    const anew = this.version !== this.roster.version;
    const still = this.wishes.sort === "name" && !this.wishes.silent;
    if ((anew && still) || ((anew || now - this.refreshed >= CALM_MS) && !this.used(now))) this.refresh();
  }

  // Whether somebody is at the tiles, so that their order must not change under the hand.
  used(now) {
    return now - (this.pointed ?? 0) < STILL_MS || this.tiles.held() >= 0 || this.menu.shown;
  }

  wake() {
    this.supply.wake();
    this.tiles.redraw();
    this.tick();
  }

  look(devices) {
    this.supply.look(devices, (device) => device.shownLine(this.wishes.metric));
  }

  turn(state) {
    this.tiles.list.dataset.connection = state;
  }
}
