// The weather view: all places, a field for another city, and the last hours of the one that is chosen.

import { el } from "../../parts/dom.js";
import { WeatherCards } from "./cards.js";
import { CityForm } from "./city_form.js";
import { DEFAULT_WINDOW, PlacePast, WINDOWS } from "./past.js";

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

  get window() {
    const wanted = this.route.query.get("window");
    return WINDOWS.has(wanted) ? wanted : DEFAULT_WINDOW;
  }

  open(place) {
    this.cards = new WeatherCards(this.context, { removable: true, chosen: () => this.chosen });
    this.form = new CityForm(this.context, this.cards.places, (found) => this.reveal(found));
    this.pastPlace = el("div");
    this.element = el("div", { class: "weather-view" },
      el("div", { class: "top" }, el("h2", {}, this.title), this.form.element), this.pastPlace);
    place.append(this.element);
    this.cards.open(this.element);
    this.showPast();
  }

  changed(route) {
    this.route = route;
    this.cards.update();
    const other = this.past?.place !== this.chosen;
    this.showPast();
    if (other) this.past?.heading.focus();
  }

  close() {
    this.past?.close();
    this.cards.close();
  }

  showPast() {
    const { chosen, window } = this;
    if (this.past && this.past.place !== chosen) {
      this.past.close();
      this.past = null;
    }
    if (chosen === null) return;
    if (this.past) {
      if (this.past.window !== window) this.past.turn(window);
      return;
    }
    const known = this.cards.places.shown.find(({ place }) => place === chosen);
    this.past = new PlacePast(this.context, chosen, known?.name ?? chosen, window, (wanted) => this.turn(wanted));
    this.pastPlace.append(this.past.element);
    this.past.open();
  }

  turn(window) {
    const { router } = this.context;
    router.replaceQuery({ window });
    this.changed(router.route);
  }

  reveal(place) {
    const card = this.element.querySelector(`.weather-card[data-place="${CSS.escape(place)}"]`);
    card?.scrollIntoView({ block: "nearest" });
  }
}
