import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_CITIES, added, found, readCities, removed } from "../../../gateway/dashboard/views/weather/cities.js";

const MUNICH = { city: "Munich", id: null, place: "munich", name: "Munich" };

test("a city is added once, however it is spaced and capitalised", () => {
  const cities = added([], { city: "New York" });
  assert.deepEqual(cities, [{ city: "New York", id: null, place: null, name: "New York" }]);
  assert.equal(added(cities, { city: " new  YORK" }), cities);
  assert.equal(added(cities, { city: "New York", id: 7 }).length, 2);
});

test("a place is there once, however it was asked for", () => {
  assert.deepEqual(added([MUNICH], { city: "München", place: "munich", name: "Munich" }), [MUNICH]);
  const waiting = added([MUNICH], { city: "München" });
  assert.deepEqual(found(waiting, { city: "München", id: null }, "munich", "Munich"), [MUNICH]);
});

test("two that are not known yet are not the same place", () => {
  const cities = added(added([], { city: "Oslo" }), { city: "Bergen" });
  assert.deepEqual(found(cities, { city: "Oslo", id: null }, "oslo", "Oslo").map(({ place }) => place), ["oslo", null]);
});

test("a city that is removed is gone, and no other", () => {
  const cities = added([MUNICH], { city: "Oslo" });
  assert.deepEqual(removed(cities, { city: "oslo", id: null }), [MUNICH]);
});

test("there are so many and no more", () => {
  let cities = [];
  for (let n = 0; n < MOST_CITIES; n++) cities = added(cities, { city: `Town ${n}` });
  assert.equal(cities.length, MOST_CITIES);
  assert.equal(added(cities, { city: "Another" }), null);
  assert.equal(added(cities, { city: "town 3" }), cities);
});

test("what was kept is believed as far as it is cities", () => {
  assert.deepEqual(readCities(null), []);
  assert.deepEqual(readCities("Oslo"), []);
  assert.deepEqual(readCities(["Oslo", null, { city: 7 }, { ...MUNICH, id: "7" }, { ...MUNICH, city: "x".repeat(999) }]), []);
  assert.deepEqual(readCities([{ ...MUNICH, more: 1 }, MUNICH]), [MUNICH]);
  const many = Array.from({ length: 999 }, (_, n) => ({ city: `Town ${n}`, id: null, place: null, name: "x" }));
  assert.equal(readCities(many).length, MOST_CITIES);
});
