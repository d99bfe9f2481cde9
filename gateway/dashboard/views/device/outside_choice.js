// Which place's weather stands beside the device's values: one that is known already, or a city by its name.

import { HERE } from "../../live/connections.js";
import { call } from "../../live/caller.js";
import { el, write } from "../../parts/dom.js";
import { wordsFor } from "../weather/card.js";
import { PASSING, answerOf, refusalOf } from "../weather/places.js";

const OTHER = "?"; // no place is called so
const ASK_MS = 30_000;
const MOST_CANDIDATES = 20;

export class OutsideChoice {
  // `chosen(place or null)`
  constructor(context, place, chosen) {
    Object.assign(this, { context, place, chosen });
    this.texts = context.texts.device_view.outside;
    this.places = [];
    this.select = el("select", { onchange: () => this.picked(this.select.value) });
    const named = { placeholder: this.texts.city, "aria-label": this.texts.city };
    this.city = el("input", { name: "city", required: true, maxlength: "128", ...named });
    this.find = el("button", { type: "submit" }, this.texts.find);
    this.form = el("form", { hidden: true, onsubmit: (event) => this.submit(event) }, this.city, this.find);
    this.told = el("span", { class: "muted", role: "status" });
    this.candidates = el("span", { class: "candidates" });
    const label = el("label", {}, el("span", {}, this.texts.title), this.select);
    this.element = el("span", { class: "outside" }, label, this.form, this.told, this.candidates);
    this.show();
    this.load();
  }

  async load() {
    try {
      this.places = (await this.context.access.json("/api/places")).places.map(({ place, name }) => [place, name]);
    } catch {
      // A city may be asked for by its name.
    }
    this.show();
  }

  setPlace(place, name = null) {
    this.place = place;
    if (name) this.places = [...this.places.filter(([known]) => known !== place), [place, name]];
    this.show();
  }

  show() {
    const known = this.place === null || this.places.some(([place]) => place === this.place);
    const all = [["", this.texts.none], ...this.places, ...(known ? [] : [[this.place, this.place]]), [OTHER, this.texts.other]];
    this.select.replaceChildren(...all.map(([value, name]) => el("option", { value }, name)));
    this.select.value = this.place ?? "";
  }

  picked(value) {
    this.form.hidden = value !== OTHER;
    this.candidates.replaceChildren();
    write(this.told, "");
    if (value === OTHER) this.city.focus();
    else this.choose(value || null);
  }

  choose(place, name = null) {
    this.form.hidden = true;
    this.candidates.replaceChildren();
    this.setPlace(place, name);
    this.chosen(place);
  }

  submit(event) {
    event.preventDefault();
    this.ask({ city: this.city.value.trim() });
  }

  async ask(question) {
    const mine = (this.asked = Symbol("asked"));
    this.candidates.replaceChildren();
    write(this.told, this.texts.asking);
    const answer = await call(HERE, this.context.access.token, "weather", question, ASK_MS).then(answerOf, refusalOf);
    if (this.asked !== mine) return;
    const { kind, place, name, candidates = [] } = answer;
    write(this.told, kind === "found" ? "" : this.wordsFor(kind, question.city, candidates.length > 0));
    if (kind === "found") this.choose(place, name);
    const offered = candidates.slice(0, MOST_CANDIDATES);
    this.candidates.replaceChildren(...offered.map(({ id, city }) =>
      el("button", { type: "button", onclick: () => this.ask({ city, id }) }, city)));
  }

  wordsFor(kind, city, offered) {
    const { weather } = this.context.texts;
    if (offered) return weather.several(city);
    return PASSING.includes(kind) ? this.texts.unanswered(city) : wordsFor(kind, city, weather);
  }

  close() {
    this.asked = null;
  }
}
