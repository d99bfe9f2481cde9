// The weather view: all places, a field for another city, and the last hours of the one that is chosen.

import { el } from "../../parts/dom.js";
import { WeatherCards } from "./cards.js";
import { CityForm } from "./city_form.js";

export class WeatherView {
  constructor(context, route) {
    this.context = context;
    this.route = route;
  }

  get title() {
    return this.context.texts.views.weather;
  }

  get chosen() {
    return this.route.query.get("place");
  }

  open(place) {
    this.cards = new WeatherCards(this.context, { removable: true, chosen: () => this.chosen });
    this.form = new CityForm(this.context, this.cards.places, (found) => this.reveal(found));
    this.element = el("div", { class: "weather-view" });
    place.append(this.element);
    this.element.append(el("div", { class: "top" }, el("h2", {}, this.title), this.form.element));
    this.cards.open(this.element);
  }

  changed(route) {
    this.route = route;
    this.cards.update();
  }

  close() {
    this.cards.close();
  }

  reveal(place) {
    const card = this.element.querySelector(`[data-place="${CSS.escape(place)}"]`);
    card?.scrollIntoView({ block: "nearest" });
  }
}
