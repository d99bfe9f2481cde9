import assert from "node:assert/strict";
import { test } from "node:test";

import { unitText } from "../../../gateway/dashboard/live/format.js";
import { latestOf, pointsOf, readingOf, sourceOf } from "../../../gateway/dashboard/live/source.js";
import { converted, kindOf } from "../../../gateway/dashboard/live/units.js";

const alone = sourceOf("device:greenhouse-7", "temperature");
const among = sourceOf("metric:temperature", null, "greenhouse-7");

test("a source is a metric of a device, a place, or one device of a metric's topic", () => {
  assert.deepEqual(alone, { topic: "device:greenhouse-7", metric: "temperature", device: null });
  assert.deepEqual(among, { topic: "metric:temperature", metric: "temperature", device: "greenhouse-7" });
  assert.equal(sourceOf("weather:berlin", "humidity").topic, "weather:berlin");
});

test("what is missing or contradicts is named", () => {
  const refused = [
    ["topic", null, "x"], ["topic", "device:", "x"], ["topic", "feed:x", "x"], ["metric", "device:a", null],
    ["device", "metric:x", "x"], ["metric", "metric:x", "y", "a"],
  ];
  for (const [code, ...given] of refused) assert.throws(() => sourceOf(...given), { code });
});

test("a publication is a reading of the source, or nothing", () => {
  const data = { device: "greenhouse-7", ts: 5, values: { temperature: 21.4 }, units: { temperature: "Cel" } };
  assert.deepEqual(readingOf(alone, data), { value: 21.4, ts: 5, unit: "Cel" });
  assert.equal(readingOf(alone, { ...data, values: { humidity: 1 } }), null);
  assert.deepEqual(readingOf(among, { device: "greenhouse-7", ts: 5, temperature: 0, unit: "Cel" }), { value: 0, ts: 5, unit: "Cel" });
  assert.equal(readingOf(among, { device: "greenhouse-8", ts: 5, temperature: 0 }), null);
  assert.equal(readingOf(sourceOf("device:a", "constructor"), { values: {} }), null);
});

test("a metric may have a name that every object knows", () => {
  const other = { device: "greenhouse-7", ts: 1, values: { constructor: 2 }, units: {} };
  assert.deepEqual(readingOf(sourceOf("device:greenhouse-7", "constructor"), other), { value: 2, ts: 1, unit: undefined });
  assert.equal(readingOf(sourceOf("metric:toString", null, "greenhouse-7"), other), null);
});

test("the newest of a snapshot says when it came only if it was the newest reading", () => {
  const latest = { ts: 9, last_seen: 12, latest: { temperature: { value: 1, ts: 9 }, humidity: { value: 2, ts: 3 } } };
  assert.equal(latestOf(alone, latest).seen, 12);
  assert.equal(latestOf(sourceOf("device:a", "humidity"), latest).seen, undefined);
  assert.equal(latestOf(alone, null), null);
  assert.equal(latestOf({ ...alone }, { ...latest, tags: { interval_s: "900" } }).paceMs, 900_000);
  const rows = [{ device: "x", temperature: 1, ts: 1 }, { device: "greenhouse-7", temperature: 2, ts: 4 }];
  assert.deepEqual(latestOf(among, rows), { value: 2, ts: 4, unit: undefined });
  assert.equal(latestOf(sourceOf("metric:unit", null, "a"), [{ device: "a", unit: 7, ts: 1 }]).unit, undefined);
});

test("a window's points are those of the source", () => {
  const series = [
    { device: "x", metric: "temperature", points: [[1, 1]] },
    { device: "greenhouse-7", metric: "temperature", unit: "Cel", points: [[2, 2]] },
  ];
  assert.deepEqual(pointsOf(among, { series }), { points: [[2, 2]], unit: "Cel" });
  assert.deepEqual(pointsOf(alone, undefined), { points: [], unit: undefined });
});

test("a comparison is of a device, a place and perhaps a metric, and its metric is a side of it", () => {
  const source = sourceOf("compare:urn:greenhouse:7:berlin/humidity", "difference");
  assert.deepEqual(source.compared, { device: "urn:greenhouse:7", place: "berlin", metric: "humidity", all: false });
  assert.deepEqual(sourceOf("compare:a:berlin").compared, { device: "a", place: "berlin", metric: "temperature", all: true });
  for (const topic of ["compare:", "compare:a", "compare::berlin", "compare:a:", "compare:a:berlin/"]) {
    assert.throws(() => sourceOf(topic), { code: "topic" });
  }
  assert.throws(() => sourceOf("compare:a:berlin", "constructor"), { code: "side" });
});

test("each side of a comparison is a reading with the age that the server tells", () => {
  const data = {
    value: 21.4, unit: "Cel", ts: 5, age_s: 4, outside: 3.4, outside_unit: "Cel", outside_ts: 2, outside_age_s: 7,
    difference: 18, stale: false,
  };
  const side = (metric, changes = {}) => readingOf(sourceOf("compare:a:berlin", metric), { ...data, ...changes });
  assert.deepEqual(side(null), { value: 21.4, ts: 5, unit: "Cel", outdated: false, ageMs: 4_000 });
  assert.deepEqual(side("outside"), { value: 3.4, ts: 2, unit: "Cel", outdated: false, ageMs: 7_000 });
  assert.deepEqual(side("difference"), { value: 18, ts: 5, unit: "Cel", outdated: false, ageMs: 4_000 });
  const old = ["inside", null, "outside", "difference"].map((metric) => side(metric, { stale: true }).outdated);
  assert.deepEqual(old, [false, true, true, true]);
  assert.equal(side("difference", { difference: null }), null);
  assert.equal(side(null, { value: null, ts: null }), null);
});

test("a name is a name, whatever it means elsewhere", () => {
  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    const [own, row] = [sourceOf("device:a", name), sourceOf(`metric:${name}`, null, "a")];
    assert.equal(readingOf(own, { values: {} }), null);
    assert.equal(readingOf(row, { device: "a", ts: 1 }), null);
    assert.equal(latestOf(own, { latest: {} }), null);
    assert.equal(latestOf(row, [{ device: "a", ts: 1 }]).value, undefined);
    const said = (text) => JSON.parse(text.replaceAll("NAME", name));
    assert.deepEqual(readingOf(own, said('{"ts":1,"values":{"NAME":7},"units":{}}')), { value: 7, ts: 1, unit: undefined });
    assert.deepEqual(readingOf(row, said('{"device":"a","ts":1,"NAME":7}')), { value: 7, ts: 1, unit: undefined });
    assert.deepEqual(latestOf(row, [said('{"device":"a","ts":1,"NAME":7}')]), { value: 7, ts: 1, unit: undefined });
    assert.deepEqual([unitText(name), kindOf(name), converted(1, name, "Cel")], [name, null, null]);
  }
});
