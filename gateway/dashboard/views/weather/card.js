// The weather of one place, as its topic tells it, and how fresh that is.

import { shownState } from "../../live/state.js";
import { el, fill, mark, write } from "../../parts/dom.js";
import { icon } from "../../parts/icons.js";
import { href } from "../../parts/router.js";
import { saidIn } from "../../parts/server_words.js";
import { ValuesMenu } from "./values_menu.js";
import { draw, newArrow, newDrawing, turn } from "./drawing.js";
import { figuresOf, valuesOf, whereOf } from "./figures.js";
import { Observation } from "./observation.js";

const WINDOW_MS = 3_600_000;

export class WeatherCard {
  source = { device: null };
  windowMs = WINDOW_MS;
  points = 2;

  // `one`: see Places.shown; `remove` removes it, or is null.
  constructor(context, one, remove) {
    this.context = context;
    this.one = one;
    this.topic = one.place === null ? null : `weather:${one.place}`;
    this.observation = new Observation();
    [this.subscribed, this.problem] = [false, null];
    this.build(remove);
    if (this.topic === null) return;
    this.feed = context.connection.feed(this.topic);
    this.feed.join(this);
  }

  close() {
    this.feed?.leave(this);
    this.menu.close();
    this.element.remove();
  }

  // Whether something is still to come that the topic itself does not tell.
  get wanting() {
    return this.topic !== null && !this.observation.known;
  }

  // ---- what the feed brings -------------------------------------------------

  snapshot(data) {
    this.subscribed = true;
    this.observation.snapshot(data, Date.now());
    this.draw();
  }

  publication(data) {
    this.observation.publication(data);
    this.draw();
  }

  trouble(code) {
    this.problem = code;
    if (code === null) {
      this.subscribed = true;
      this.observation.well();
    }
    this.draw();
  }

  // ---- what is shown --------------------------------------------------------

  build(remove) {
    const { place, name } = this.one;
    this.name = place === null ? el("span") : el("a", { href: href("weather", "", { place }) });
    this.where = el("p", { class: "where muted" });
    this.menu = new ValuesMenu(this.context, this.topic, () => valuesOf(this.observation, this.context.texts));
    this.removal = remove && el("button", { type: "button", class: "quiet remove", onclick: remove }, icon("close"));
    this.sky = newDrawing("sky");
    this.temperature = el("p", { class: "temperature" });
    this.text = el("p", { class: "sky-text" });
    this.figures = el("dl", { class: "figures" });
    this.age = el("span", { class: "age muted" });
    this.marks = el("span", { class: "marks", role: "status" });
    this.alarms = el("p", { class: "alarms" });
    this.origin = el("p", { class: "source muted" });
    this.element = el("li", { class: "card weather-card", "data-place": place },
      el("div", { class: "head" }, el("div", { class: "title" }, el("h3", {}, this.name), this.where),
        el("div", { class: "tools" }, this.menu.button, this.removal)),
      el("div", { class: "present" }, this.sky, el("div", {}, this.temperature, this.text)),
      this.figures, this.alarms, el("p", { class: "freshness" }, this.age, this.marks), this.origin, this.menu.node);
    write(this.name, name);
  }

  show(one, chosen) {
    this.one = one;
    mark(this.name, "aria-current", one.place !== null && one.place === chosen ? "true" : null);
    this.draw();
  }

  draw() {
    const { format, texts } = this.context;
    const name = this.observation.tags.city ?? this.one.info?.name ?? this.one.name;
    write(this.name, name);
    write(this.where, whereOf(this.one.info, name, this.context.format.locale));
    this.menu.rename(name);
    if (this.removal) for (const attribute of ["aria-label", "title"]) mark(this.removal, attribute, texts.weather.remove(name));
    const figures = figuresOf(this.observation, format);
    draw(this.sky, figures.sky);
    write(this.text, figures.text);
    write(this.temperature, figures.temperature ?? "–");
    this.drawFigures(figures.rows);
    this.drawSource(figures);
    this.menu.button.hidden = !this.observation.known;
    this.tick();
  }

  drawFigures(rows) {
    const shape = rows.map(({ metric, from }) => `${metric} ${from === null}`).join();
    if (this.shape !== shape) {
      this.shape = shape;
      this.arrow = newArrow();
      this.figures.replaceChildren(...rows.map(({ metric, from }) =>
        el("div", { "data-metric": metric }, el("dt"), el("dd", {}, el("span"), from === null ? null : this.arrow))));
    }
    rows.forEach(({ label, text, from, fromText }, at) => {
      const [term, value] = this.figures.children[at].children;
      write(term, fromText ? `${label} ${fromText}` : label);
      write(value.firstElementChild, text);
      if (from !== null) turn(this.arrow, from);
    });
  }

  drawSource({ source, link, licence }) {
    const told = JSON.stringify([source, link, licence]);
    if (this.told === told) return;
    this.told = told;
    const words = source ? (link ? el("a", { href: link, rel: "noopener noreferrer", target: "_blank" }, source) : source) : "";
    this.origin.replaceChildren(words, ...(licence ? [" · ", licence] : []));
  }

  // What changes with time alone.
  tick() {
    const { format, texts, connection, alerts } = this.context;
    const { observation } = this;
    const shown = shownState({
      connection: connection.state,
      problem: this.problem,
      subscribed: this.subscribed,
      has: observation.known,
      silent: observation.stale,
    });
    const state = this.topic === null ? "stale" : shown.state;
    mark(this.element, "data-state", state);
    const age = observation.ageMs(Date.now());
    write(this.age, age === null ? "" : format.age(age));
    this.drawMarks(this.marksOf(shown.reason, texts));
    const alarms = valuesOf(observation, texts).flatMap(({ metric }) => alerts.of(this.topic, metric)?.text ?? []);
    write(this.alarms, alarms.join(" · "));
  }

  // Why what is shown is not the weather of now: texts, and lists of texts and elements.
  marksOf(reason, texts) {
    const { weather, reasons } = texts;
    if (this.topic === null) return [this.one.outcome ? wordsFor(this.one.outcome, this.one.city.city, weather) : weather.none];
    const { stale, reason: why } = this.observation;
    if (reason === "nothing") {
      const told = why ?? this.one.info?.status?.reason ?? null;
      return told === null ? [weather.none] : [weather.none, saidIn(weather.why, told, texts)];
    }
    if (reason === "silent" || reason === null) {
      return [...(stale ? [weather.stale] : []), ...(why ? [saidIn(weather.why, why, texts)] : stale ? [weather.late] : [])];
    }
    return [reasons[reason] ?? reason];
  }

  drawMarks(marks) {
    fill(this.marks, marks.map((parts) => el("span", { class: "mark" }, ...[parts].flat())));
  }
}

// What came of asking for a city, in words.
export function wordsFor(outcome, city, weather) {
  if (outcome === "ambiguous") return weather.unnamed(city);
  if (outcome === "short") return weather.short;
  return (weather[outcome] ?? weather.down)(city);
}
