import assert from "node:assert/strict";
import { test } from "node:test";

import { latestOf, pointsOf, readingOf, sourceOf } from "../../../gateway/dashboard/live/source.js";

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
  assert.deepEqual(readingOf(among, { device: "greenhouse-7", ts: 5, temperature: 0 }), { value: 0, ts: 5 });
  assert.equal(readingOf(among, { device: "greenhouse-8", ts: 5, temperature: 0 }), null);
  assert.equal(readingOf(sourceOf("device:a", "constructor"), { values: {} }), null);
});

test("the newest of a snapshot says when it came only if it was the newest reading", () => {
  const latest = { ts: 9, last_seen: 12, latest: { temperature: { value: 1, ts: 9 }, humidity: { value: 2, ts: 3 } } };
  assert.equal(latestOf(alone, latest).seen, 12);
  assert.equal(latestOf(sourceOf("device:a", "humidity"), latest).seen, undefined);
  assert.equal(latestOf(alone, null), null);
  assert.equal(latestOf({ ...alone }, { ...latest, tags: { interval_s: "900" } }).paceMs, 900_000);
  const rows = [{ device: "x", temperature: 1, ts: 1 }, { device: "greenhouse-7", temperature: 2, ts: 4 }];
  assert.deepEqual(latestOf(among, rows), { value: 2, ts: 4 });
});

test("a window's points are those of the source", () => {
  const series = [
    { device: "x", metric: "temperature", points: [[1, 1]] },
    { device: "greenhouse-7", metric: "temperature", unit: "Cel", points: [[2, 2]] },
  ];
  assert.deepEqual(pointsOf(among, { series }), { points: [[2, 2]], unit: "Cel" });
  assert.deepEqual(pointsOf(alone, undefined), { points: [], unit: undefined });
});
