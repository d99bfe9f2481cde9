// One metric of all devices: a chart of some, a ranking of all, and what they say together.

import { endOf } from "../../charts/end.js";
import { TimeAxis } from "../../charts/time_axis.js";
import { TimeChart } from "../../charts/time_chart.js";
import { metricText } from "../../live/format.js";
import { el, fill, write } from "../../parts/dom.js";
import { href } from "../../parts/router.js";
import { Controls, DEFAULT_WINDOW, WINDOWS } from "./controls.js";
import { Lines, MOST_LINES } from "./lines.js";
import { RankingList } from "./list.js";
import { SORTS, drawnOf, kindOf, namesOf, namesToText, ranked, statsOf, unitOf, unitsOf } from "./ranking.js";
import { problemParts } from "./problem.js";
import { MOST_DEVICES } from "./readings.js";
import { MetricSource } from "./source.js";
import { Stats } from "./stats.js";

const ORDER_MS = 2_000;
const VALUES_MS = 250;
// Which devices are among the first may change with every reading; their lines do not come and go like that.
const LINES_MS = 10_000;
const CLEAR_LINES = 8; // so many can be read below the chart

export class OneMetric {
  constructor(context, route) {
    Object.assign(this, { context, route });
    this.metric = route.name;
  }

  get title() {
    return metricText(this.metric);
  }

  get query() {
    const { query } = this.route;
    const [window, sort] = [query.get("window"), query.get("sort")];
    return {
      window: WINDOWS.has(window) ? window : DEFAULT_WINDOW,
      sort: SORTS.includes(sort) ? sort : SORTS[0],
      search: query.get("search") ?? "",
      unit: query.get("unit"),
      chosen: namesOf(query.get("lines")),
      page: Number.parseInt(query.get("page") ?? "1", 10) || 1,
    };
  }

  open(place) {
    const { context } = this;
    const { texts, format } = context;
    this.controls = new Controls(context, (changes) => this.choose({ ...changes, page: null }));
    this.stats = new Stats(context);
    this.note = el("p", { class: "metric-note", role: "status" });
    this.chartPlace = el("div", { class: "card metric-chart" });
    this.drawn = el("span", { class: "muted" });
    this.automatic = el("button", { type: "button", onclick: () => this.choose({ lines: null }) }, texts.metric_view.automatic);
    this.list = new RankingList(context, this.metric, {
      chosen: (device, drawn) => this.draw(device, drawn),
      only: (device) => this.choose({ lines: namesToText([device]) }),
      pointed: (device) => this.chart.readout.point(device),
      turned: (page) => this.choose({ page: page > 1 ? page : null }),
    });
    place.append(el("div", { class: "metric-view line-colours" },
      el("div", { class: "top" }, el("h2", {}, this.title), el("a", { href: href("metric") }, texts.metric_view.all), this.controls.element),
      this.note, this.stats.element, this.chartPlace,
      el("p", { class: "drawn" }, this.drawn, " ", this.automatic), el("div", { class: "card" }, this.list.element)));
    this.axis = new TimeAxis(WINDOWS.get(this.query.window));
    this.chart = new TimeChart(this.chartPlace, { format, axis: this.axis, label: this.title });
    this.begin();
    this.timer = setInterval(() => this.tick(), VALUES_MS);
    this.alerted = (_topic, metric) => metric === this.metric && (this.dirty = true);
    context.alerts.listeners.add(this.alerted);
  }

  close() {
    clearInterval(this.timer);
    this.context.alerts.listeners.delete(this.alerted);
    this.end();
    this.chart.close();
  }

  changed(route) {
    const { window } = this.query;
    this.route = route;
    this.drawnAt = -Infinity;
    if (this.query.window !== window) {
      this.end();
      this.axis.setWindow(WINDOWS.get(this.query.window));
      this.begin();
    }
    this.order();
  }

  // ---- what is read ---------------------------------------------------------

  begin() {
    this.source = new MetricSource(this.context.connection, this.metric, WINDOWS.get(this.query.window), () => this.news());
    this.drawnAt = -Infinity;
    this.lines = new Lines(this.context.connection, this.source.readings, (another) => (another ? this.order() : this.chart.draw()));
    this.source.open();
    this.order();
  }

  end() {
    this.source.close();
    this.lines.close();
  }

  news() {
    this.dirty = true;
    this.chart.draw();
    // What comes at once, as a snapshot does, is shown at once.
    if (this.source.renewed) {
      this.source.renewed = false;
      this.ticked = 0; // what the server's clock says may be known now
      this.order();
    }
  }

  tick() {
    const now = Date.now();
    if (now - (this.ticked ?? 0) >= 1_000) {
      this.ticked = now;
      const lines = this.lines.series.map(({ series }) => series);
      const { endMs, beyond } = endOf(lines, now - this.source.readings.skewMs, this.axis.windowMs);
      this.beyond = beyond;
      this.axis.tick(endMs);
      this.source.readings.forget(this.axis.oldestMs);
      this.lines.forget(this.axis.oldestMs);
      this.dirty = true;
    }
    if (!this.list.held && now - this.ordered >= ORDER_MS) this.order();
    else if (this.dirty) this.values(now);
  }

  // ---- what is shown --------------------------------------------------------

  choose(changes) {
    this.context.router.replaceQuery(changes);
    this.changed(this.context.router.route);
  }

  draw(device, drawn) {
    const others = [...this.lines.slots.keys()].filter((each) => each !== device);
    this.full = drawn && others.length >= MOST_LINES;
    const wanted = drawn ? [...others.slice(0, MOST_LINES - 1), device] : others;
    this.choose({ lines: wanted.length > 0 ? namesToText(wanted) : null });
  }

  order() {
    const now = (this.ordered = Date.now());
    const { query } = this;
    const { readings } = this.source;
    const { texts } = this.context;
    const rows = [...readings.rows.values()];
    const units = unitsOf(rows);
    this.unit = unitOf(units, query.unit);
    this.mine = rows.filter(({ unit }) => (unit ?? "") === this.unit);
    const order = ranked(this.mine, { ...query, unit: null, ageOf: ({ freshness }) => freshness.ageMs(now) });
    const drawn = this.drawnNow(order, query.chosen, now);
    const others = this.lines.show(drawn, this.source.apart);
    if (others || this.unitsShown !== this.unitKey) this.chart.setSeries(this.lines.series);
    this.unitsShown = this.unitKey;
    this.chart.nothing = kindOf(this.mine) === "text" ? texts.metric_view.texts_only : texts.reasons.nothing;
    this.chartPlace.dataset.lines = drawn.length > CLEAR_LINES ? "many" : "few";
    this.controls.show(query);
    this.controls.showUnits(units, this.unit);
    this.now = statsOf(this.mine);
    this.list.show(order, query.page, this.lines.slots, this.now, this.nothing(rows.length));
    this.tellDrawn(drawn.length, query.chosen !== null);
    fill(this.note, this.noteParts);
    this.values(now);
  }

  drawnNow(order, chosen, now) {
    const { rows } = this.source.readings;
    const wanted = drawnOf(order, chosen?.filter((device) => rows.has(device)) ?? null, MOST_LINES);
    const before = [...this.lines.slots.keys()];
    const there = before.length === wanted.length && before.every((device) => rows.has(device));
    if (chosen === null && there && now - this.drawnAt < LINES_MS) return before;
    this.drawnAt = now;
    return wanted;
  }

  // A chart takes its lines' units and silences when they are set.
  get unitKey() {
    return JSON.stringify([...this.lines.slots.keys()].map((device) => {
      const row = this.source.readings.rows.get(device);
      return [this.lines.unitOf(device), Math.round(Math.log2(row?.freshness.silentMs ?? 1))];
    }));
  }

  values(now) {
    this.dirty = false;
    this.now = statsOf(this.mine);
    const silent = this.mine.filter(({ freshness }) => freshness.silent(now)).length;
    this.stats.show(kindOf(this.mine), this.now, this.unit, this.mine.length, silent);
    this.list.stats = this.now;
    this.list.draw(now);
  }

  tellDrawn(count, chosen) {
    const { texts, format } = this.context;
    const words = texts.metric_view;
    const told = chosen ? words.drawn_chosen(format.count(count)) : words.drawn_first(format.count(count));
    write(this.drawn, count === 0 ? "" : this.full ? `${told} ${words.most_lines(format.value(MOST_LINES))}` : told);
    this.automatic.hidden = !chosen;
  }

  nothing(known) {
    const { metric_view: words } = this.context.texts;
    if (known > 0) return words.no_match;
    return this.source.complete ? words.nobody(this.metric) : words.loading;
  }

  get noteParts() {
    const { texts, format } = this.context;
    const { problem, readings, unread } = this.source;
    const words = texts.metric_view;
    const told = [];
    if (problem === "off" || problem === "denied") told.push([words[problem](this.metric)]);
    else if (problem !== null) told.push([texts.reasons[problem] ?? problem]);
    if (unread !== null) told.push(problemParts(unread, texts));
    for (const [code, count] of this.lines.problems) told.push([words.no_lines(format.count(count), texts.reasons[code] ?? code)]);
    if (readings.full) told.push([words.many(format.value(MOST_DEVICES))]);
    if (this.beyond > 0) told.push([`${texts.charts.beyond(this.beyond)}.`]);
    return told.flatMap((parts, at) => (at ? [" ", ...parts] : parts));
  }
}
