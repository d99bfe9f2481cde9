// The field for a city's name, what came of it, and the candidates if several places are called so.

import { el, write } from "../../parts/dom.js";
import { wordsFor } from "./card.js";
import { MOST_CITIES } from "./cities.js";

const LONGEST = 100;
const SHORTEST = 2;
const MOST_CANDIDATES = 20;

export class CityForm {
  // `places`: see places.js; `done(place)` is called with the place that was added or is there already.
  constructor(context, places, done) {
    Object.assign(this, { context, places, done });
    const { weather } = context.texts;
    this.field = el("input", { name: "city", id: "city", autocomplete: "off", maxlength: LONGEST, "aria-describedby": "city-said" });
    this.said = el("p", { id: "city-said", role: "status" });
    this.choice = el("div", { class: "candidates", role: "group", "aria-labelledby": "city-said" });
    this.element = el("form", { class: "city-form", onsubmit: (event) => this.submit(event) },
      el("div", { class: "row" }, el("label", { for: "city" }, weather.city), this.field, el("button", {}, weather.add)),
      this.said, this.choice);
  }

  submit(event) {
    event.preventDefault();
    const city = this.field.value.trim();
    if (city.length < SHORTEST) this.say(this.context.texts.weather.short, "bad");
    else this.add(city);
  }

  async add(city, id = null) {
    const { weather } = this.context.texts;
    const mine = (this.asking = Symbol(city));
    this.choice.replaceChildren();
    this.say(weather.asking(city), "asking");
    const { kind, place, candidates = [] } = await this.places.add(city, id);
    if (this.asking !== mine) return;
    if (kind === "ambiguous" && candidates.length > 0) {
      this.say(weather.several(city), "asked");
      this.offer(candidates);
      return;
    }
    if (kind === "added" || kind === "already") {
      this.say(weather[kind](city), "good");
      this.field.value = "";
      this.done(place);
    } else {
      this.say(kind === "full" ? weather.full(MOST_CITIES) : wordsFor(kind, city, weather), "bad");
    }
  }

  offer(candidates) {
    const button = (text, onclick) => el("button", { type: "button", onclick }, text);
    const offered = candidates.slice(0, MOST_CANDIDATES).map(({ city, id }) => button(city, () => this.chosen(city, id)));
    this.choice.replaceChildren(...offered, button(this.context.texts.weather.leave, () => this.chosen(null)));
    offered[0].focus();
  }

  chosen(city, id) {
    this.field.focus();
    if (city !== null) return this.add(city, id);
    this.choice.replaceChildren();
    this.say("", "good");
  }

  say(text, level) {
    this.said.dataset.level = level;
    write(this.said, text);
  }
}
