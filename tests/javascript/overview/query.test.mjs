import assert from "node:assert/strict";
import { test } from "node:test";

import { Format } from "../../../gateway/dashboard/live/format.js";
import { choices, found, queryOf, wishesOf } from "../../../gateway/dashboard/views/overview/query.js";
import { Device } from "../../../gateway/dashboard/views/overview/device.js";

const NOW = 1_760_000_900_000;
const device = (id, values = {}, { tags = {}, ageMs = 0 } = {}) => {
  const made = new Device(id);
  made.tag(tags);
  for (const [metric, value] of Object.entries(values)) made.take(metric, value, NOW - ageMs);
  made.freshness.snapshot({ ts: NOW - ageMs, seen: NOW - ageMs }, NOW, NOW);
  return made;
};
const all = () => [
  device("sensor-10", { temperature: 20 }, { tags: { site: "North Hall" } }),
  device("sensor-2", { temperature: -5, humidity: 40 }, { tags: { site: "South" }, ageMs: 600_000 }),
  device("Sensor-1", { temperature: "broken" }, { ageMs: 20_000 }),
  device("door", { open: true }, { tags: { site: "South", room: "hall" } }),
];
const { names } = new Format("en");
const usual = wishesOf(new URLSearchParams());
const ids = (wishes) => found(all(), { ...usual, ...wishes }, NOW, names).map(({ id }) => id);

test("names are in the order in which people count", () => {
  assert.deepEqual(ids({}), ["door", "Sensor-1", "sensor-2", "sensor-10"]);
  assert.deepEqual(ids({ falling: true }), ["sensor-10", "sensor-2", "Sensor-1", "door"]);
});

test("the order is that of the viewer's language, and another one when that changes", () => {
  const devices = [device("z"), device("ä"), device("a")];
  const order = (locale) => found(devices, usual, NOW, new Format(locale).names).map(({ id }) => id);
  assert.deepEqual(order("de"), ["a", "ä", "z"]);
  assert.deepEqual(order("sv"), ["a", "z", "ä"]);
});

test("every word that is typed is looked for in names and tags", () => {
  assert.deepEqual(ids({ q: "HALL" }), ["door", "sensor-10"]);
  assert.deepEqual(ids({ q: " sensor  south " }), ["sensor-2"]);
  assert.deepEqual(ids({ q: "nothing" }), []);
  assert.deepEqual(ids({ q: ".*" }), []);
});

test("a tag, a metric, and silence leave out the others", () => {
  assert.deepEqual(ids({ tag: "site:South" }), ["door", "sensor-2"]);
  assert.deepEqual(ids({ metric: "temperature", tag: "site:South" }), ["sensor-2"]);
  assert.deepEqual(ids({ silent: true }), ["sensor-2"]);
});

test("by value, what is no number stands at the end whichever way", () => {
  const by = (falling) => ids({ sort: "value", metric: "temperature", falling });
  assert.deepEqual([by(true), by(false)], [["sensor-10", "sensor-2", "Sensor-1"], ["sensor-2", "sensor-10", "Sensor-1"]]);
});

test("by value, units that are of one kind are compared, and others stand by themselves", () => {
  const of = (id, value, unit) => {
    const made = device(id);
    made.take("t", value, NOW, unit);
    return made;
  };
  const devices = [
    of("°F", 70, "[degF]"), of("K", 290, "K"), of("°C", 26, "Cel"), of("cold", 2, "°C"), of("percent", 99, "%"), of("share", 0.5, "/"),
    of("none", 7), of("more", 1), of("text", "warm", "Cel"),
  ];
  const by = (falling) => found(devices, { ...usual, sort: "value", metric: "t", falling }, NOW, names).map(({ id }) => id);
  assert.deepEqual(by(true), ["°C", "°F", "K", "cold", "none", "more", "percent", "share", "text"]);
  assert.deepEqual(by(false), ["cold", "K", "°F", "°C", "more", "none", "share", "percent", "text"]);
});

test("by the last reading those that speak all the time keep their order", () => {
  assert.deepEqual(ids({ sort: "seen", falling: true }), ["door", "sensor-10", "Sensor-1", "sensor-2"]);
  assert.deepEqual(ids({ sort: "seen", falling: false }), ["sensor-2", "Sensor-1", "door", "sensor-10"]);
});

test("what can be chosen is counted", () => {
  assert.deepEqual(choices(all(), names), {
    tags: [["room:hall", 1], ["site:North Hall", 1], ["site:South", 2]],
    metrics: [["humidity", 1], ["open", 1], ["temperature", 3]],
  });
  const many = Array.from({ length: 1_000 }, (_, at) => device(`d${at}`, {}, { tags: { serial: String(at), site: "all" } }));
  const { tags } = choices(many, names);
  assert.equal(tags.length, 300);
  assert.ok(tags.some(([tag, count]) => tag === "site:all" && count === 1_000));
});

test("wishes go through the address and come back, and the usual ones are not in it", () => {
  const query = (wishes) => new URLSearchParams(Object.entries(queryOf(wishes)).filter(([, value]) => value !== null));
  const wishes = { q: "a&b ü", tag: "site:a:b", metric: "t/h", sort: "seen", falling: false, silent: true };
  assert.deepEqual(wishesOf(query(wishes)), wishes);
  assert.equal(query(wishesOf(new URLSearchParams("sort=nonsense&silent=no"))).toString(), "");
});
