// The cities that the viewer added, as they are kept: what was asked for, and which place of the server's that is.
//
// Each is {city, id, place, name}: the words (and the candidate's id) to ask with, the place's name in topics (null
// until the server has told it), and what to call it. A place is there once, however it was spelled.

export const MOST_CITIES = 24;
const LONGEST = 128;

// What was kept, as far as it can be believed.
export function readCities(kept) {
  if (!Array.isArray(kept)) return [];
  const good = kept.filter(isCity).map(({ city, id, place, name }) => ({ city, id, place, name }));
  return good.reduce((cities, one) => (isThere(cities, one) ? cities : [...cities, one]), []).slice(0, MOST_CITIES);
}

// The cities with another; the same list if it is there already, null if there is no room.
export function added(cities, { city, id = null, place = null, name = city }) {
  const one = { city, id, place, name };
  if (isThere(cities, one)) return cities;
  return cities.length < MOST_CITIES ? [...cities, one] : null;
}

export function removed(cities, one) {
  return cities.filter((each) => !sameWords(each, one));
}

// The cities after the server said that `one` is `place`: the first of two that are the same place stays.
export function found(cities, one, place, name) {
  const told = cities.map((each) => (sameWords(each, one) ? { ...each, place, name: name ?? each.name } : each));
  return told.filter((each, at) => each.place === null || told.findIndex((other) => other.place === each.place) === at);
}

// Asked for with the same words, however they are spaced and capitalised.
export function sameWords(one, other) {
  return words(one.city) === words(other.city) && (one.id ?? null) === (other.id ?? null);
}

function isThere(cities, one) {
  return cities.some((each) => sameWords(each, one) || (one.place !== null && each.place === one.place));
}

function words(city) {
  return city.trim().replace(/\s+/g, " ").toLocaleLowerCase();
}

function isCity(one) {
  const text = (value) => typeof value === "string" && value.length > 0 && value.length <= LONGEST;
  return (
    text(one?.city) && text(one.name) && (one.place === null || text(one.place)) &&
    (one.id === null || Number.isSafeInteger(one.id))
  );
}
