// The cards of all places: those of the server's settings, then the viewer's own.

import { el, write } from "../../parts/dom.js";
import { WeatherCard } from "./card.js";
import { Places } from "./places.js";

const TICK_MS = 1_000;
const MOST_CARDS = 60;

export class WeatherCards {
  // With `removable` the viewer's own cities can be removed. `chosen()` is the place whose chart is open, or null.
  constructor(context, { removable = false, chosen = () => null } = {}) {
    this.context = context;
    this.removable = removable;
    this.chosen = chosen;
    this.cards = new Map();
    this.places = new Places(context, {
      changed: () => this.update(),
      wanting: () => [...this.cards.values()].some((card) => card.wanting),
    });
  }

  open(place) {
    this.list = el("ul", { class: "weather-cards" });
    this.note = el("p", { class: "muted weather-note" });
    place.append(this.list, this.note);
    this.places.open();
    this.update();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.renewed = () => this.tick();
    this.context.connection.listeners.add(this.renewed);
    this.alerted = (topic) => [...this.cards.values()].forEach((card) => card.topic === topic && card.tick());
    this.context.alerts.listeners.add(this.alerted);
  }

  close() {
    clearInterval(this.timer);
    this.context.connection.listeners.delete(this.renewed);
    this.context.alerts.listeners.delete(this.alerted);
    this.places.close();
    for (const card of this.cards.values()) card.close();
    this.cards.clear();
  }

  tick() {
    for (const card of this.cards.values()) card.tick();
  }

  update() {
    const all = this.places.shown;
    const shown = all.slice(0, MOST_CARDS);
    const keys = new Set(shown.map(({ key }) => key));
    for (const [key, card] of this.cards) {
      if (keys.has(key)) continue;
      card.close();
      this.cards.delete(key);
    }
    shown.forEach((one, at) => {
      const card = this.cards.get(one.key) ?? this.newCard(one);
      card.show(one, this.chosen());
      if (this.list.children[at] !== card.element) this.list.insertBefore(card.element, this.list.children[at] ?? null);
    });
    write(this.note, this.noteOf(all.length));
  }

  newCard(one) {
    const remove = this.removable && one.city ? () => this.remove(one.key) : null;
    const card = new WeatherCard(this.context, one, remove);
    this.cards.set(one.key, card);
    return card;
  }

  // The keyboard stays where it was.
  remove(key) {
    const card = this.cards.get(key);
    const beside = card.element.nextElementSibling ?? card.element.previousElementSibling;
    this.places.remove(card.one.city);
    beside?.querySelector("a, button")?.focus();
  }

  noteOf(count) {
    const { texts, format } = this.context;
    if (this.places.unread) return texts.weather.unread;
    if (this.places.pinned === null) return count === 0 ? texts.weather.loading : "";
    if (count > MOST_CARDS) return texts.weather.many(format.count(count - MOST_CARDS));
    return count === 0 && this.removable ? texts.weather.nothing : "";
  }
}
