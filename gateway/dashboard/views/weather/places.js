// Which places are shown: those of the server's settings, then the viewer's own cities; and who has to be asked for what.
//
// A city is asked for by its name, one after another. What cannot be told now is asked for again after 30 seconds, and
// not sooner; so are the server's places while `wanting()` says that something is missing.

import { MOST_CITIES, added, found, readCities, removed, sameWords } from "./cities.js";

const AGAIN_MS = 30_000;
const CHECK_MS = 1_000;
const KEY = "cities";
const CAN_BE_ASKED = ["live", "stale"];
const OUTCOMES = new Map([[404, "unknown"], [103, "denied"], [107, "short"], [111, "crowded"]]);
// What a later answer may mend.
export const PASSING = ["down", "crowded"];

export class Places {
  // `changed()` is called when other places are to be shown, or more is known of one.
  constructor({ access, connection, preferences }, { changed, wanting = () => false, clock = Date.now }) {
    Object.assign(this, { access, connection, preferences, changed, wanting, clock });
    this.infos = new Map(); // place → what the server says of it
    this.pinned = null; // names in topics, in the server's order; null until it has told them
    this.unread = false;
    this.readAt = -Infinity;
    this.asked = new Map(); // words → {at: when it was answered, Infinity while it is asked; outcome: null or why not}
    this.turn = Promise.resolve();
    this.cities = readCities(preferences.get(KEY));
  }

  open() {
    this.timer = setInterval(() => this.check(), CHECK_MS);
    this.unlisten = this.preferences.listen(KEY, (kept) => {
      this.cities = readCities(kept);
      this.check();
      this.changed();
    });
    this.renewed = (state) => {
      if (state === "live" && this.unread) this.readAt = -Infinity;
      this.check();
    };
    this.connection.listeners.add(this.renewed);
    this.check();
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    this.unlisten();
    this.connection.listeners.delete(this.renewed);
  }

  // [{key, place, name, info, city, outcome}]: `place` is null while the server has not told it, `city` of a place of the
  // settings; `outcome` is why it has not.
  get shown() {
    const pinned = this.pinned ?? [];
    const settings = pinned.map((place) => ({ place, name: this.infos.get(place).name, city: null, outcome: null }));
    const own = this.cities
      .filter(({ place }) => !pinned.includes(place))
      .map((city) => ({ place: city.place, name: city.name, city, outcome: this.outcomeOf(city) }));
    return [...settings, ...own].map((one) => ({
      ...one,
      key: one.place === null ? `city ${wordsOf(one.city)}` : `place ${one.place}`,
      info: this.infos.get(one.place) ?? null,
    }));
  }

  // Resolves to {kind, place, candidates}: "added", "already", "ambiguous", "unknown", "denied", "short", "full", and
  // "down" or "crowded", which is asked for again.
  async add(city, id = null) {
    const wanted = { city, id, name: city };
    const there = this.cities.find((each) => sameWords(each, wanted));
    if (there) return { kind: there.place === null ? (this.outcomeOf(there) ?? "down") : "already", place: there.place };
    if (this.cities.length >= MOST_CITIES) return { kind: "full" };
    const answer = await this.ask(wanted);
    if (PASSING.includes(answer.kind)) {
      this.note(wanted, answer.kind);
      this.keep(added(this.cities, wanted) ?? this.cities);
    }
    if (answer.kind !== "found") return answer;
    const { place, name } = answer;
    if (this.pinned?.includes(place) || this.cities.some((each) => each.place === place)) return { kind: "already", place };
    this.note(wanted, null);
    this.keep(added(this.cities, { ...wanted, place, name }) ?? this.cities);
    this.read();
    return { kind: "added", place };
  }

  remove(city) {
    this.asked.delete(wordsOf(city));
    this.keep(removed(this.cities, city));
  }

  // ---- what is due ----------------------------------------------------------

  check() {
    const now = this.clock();
    if ((this.pinned === null || this.unread || this.wanting()) && now - this.readAt >= AGAIN_MS) this.read();
    if (!CAN_BE_ASKED.includes(this.connection.state)) return;
    for (const city of this.cities) {
      const asked = this.asked.get(wordsOf(city));
      if (!asked || (PASSING.includes(asked.outcome) && now - asked.at >= AGAIN_MS)) this.resolve(city);
    }
  }

  // Tell the server of a city that is kept: it forgets what nobody wanted for a day.
  async resolve(city) {
    this.note(city, this.outcomeOf(city), false);
    this.turn = this.turn.then(() => (this.closed ? { kind: "down" } : this.ask(city)));
    const answer = await this.turn;
    if (this.closed || !this.cities.some((each) => sameWords(each, city))) return;
    this.note(city, answer.kind === "found" ? null : answer.kind);
    if (answer.kind !== "found") return this.changed();
    const cities = found(this.cities, city, answer.place, answer.name);
    if (JSON.stringify(cities) !== JSON.stringify(this.cities)) this.keep(cities);
    if (!this.infos.has(answer.place)) this.read();
  }

  // {kind: "found", place, name}, or why not.
  ask({ city, id }) {
    return this.connection.client
      .rpc("weather", id === null ? { city } : { city, id })
      .then(({ data }) => answerOf(data), refusalOf);
  }

  note(city, outcome, told = true) {
    this.asked.set(wordsOf(city), { at: told ? this.clock() : Infinity, outcome });
  }

  outcomeOf(city) {
    return this.asked.get(wordsOf(city))?.outcome ?? null;
  }

  async read() {
    this.readAt = this.clock();
    const places = await this.access.json("/api/places").then((answer) => answer.places, () => null);
    if (this.closed) return;
    this.unread = places === null;
    if (places !== null) {
      this.infos = new Map(places.map((each) => [each.place, each]));
      this.pinned = places.filter((each) => each.pinned).map((each) => each.place);
    }
    this.changed();
  }

  keep(cities) {
    this.preferences.set(KEY, cities);
  }
}

// Of an error of the call.
export function refusalOf({ code }) {
  return { kind: OUTCOMES.get(code) ?? "down" };
}

export function answerOf(data) {
  if (data?.error) return { kind: data.error.code === "ambiguous" ? "ambiguous" : "down", candidates: data.candidates ?? [] };
  return { kind: "found", place: data.place, name: data.city };
}

function wordsOf({ city, id }) {
  return JSON.stringify([city.trim().replace(/\s+/g, " ").toLocaleLowerCase(), id ?? null]);
}
