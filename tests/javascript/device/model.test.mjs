import assert from "node:assert/strict";
import { test } from "node:test";

import { DeviceModel, POINTS, silentMsOf } from "../../../gateway/dashboard/views/device/model.js";

const NOW = 1_000_000_000;
const modelOf = (data, windowMs = 3_600_000) => {
  const model = new DeviceModel("device:a", () => NOW);
  model.snapshot({ window: { from: NOW - windowMs, to: NOW, truncated: false, series: [], ...data.window }, latest: data.latest ?? null }, windowMs);
  return model;
};
const latestOf = (latest, more = {}) => ({ device: "a", ts: NOW - 1_000, last_seen: NOW - 1_000, latest, tags: {}, ...more });
const points = (count, stepMs = 1_000) => Array.from({ length: count }, (_, at) => [NOW - (count - at) * stepMs, at]);

test("a metric is a number, a switch or a text, as its newest value is", () => {
  const latest = { t: { value: 2, ts: NOW, unit: "Cel" }, door: { value: true, ts: NOW }, mode: { value: "eco", ts: NOW } };
  const model = modelOf({ latest: latestOf(latest) });
  assert.deepEqual([...model.metrics.values()].map(({ name, kind, unit }) => [name, kind, unit]), [
    ["door", "switch", ""], ["mode", "text", ""], ["t", "number", "Cel"],
  ]);
  assert.deepEqual(model.publication({ device: "a", ts: NOW + 1, values: { mode: 7, fan: false } }), ["mode", "fan"]);
  assert.equal(model.metrics.get("mode").kind, "number");
  assert.equal(model.metrics.get("fan").kind, "switch");
});

test("what was sent late is as old as it is: the device, each metric, and after another snapshot", () => {
  const old = NOW - 1_800_000;
  const latest = latestOf({ t: { value: 1, ts: old }, rare: { value: 1, ts: old - 9_000 } }, { ts: old, last_seen: NOW - 3_000 });
  const model = modelOf({ latest });
  const ages = () => [model, ...model.metrics.values()].map(({ freshness }) => freshness.ageMs(NOW));
  assert.deepEqual(ages(), [1_800_000, 1_809_000, 1_800_000]);
  // The next one shows that it is the clock, for all of them.
  model.publication({ device: "a", ts: old + 3_000, values: { t: 2 } });
  assert.deepEqual(ages(), [0, 12_000, 0]);
  model.snapshot({ window: { from: 0, to: NOW, truncated: false, series: [] }, latest }, 3_600_000);
  assert.deepEqual(ages(), [3_000, 12_000, 3_000]);
});

test("late readings find their place and change nothing else", () => {
  const model = modelOf({
    window: { series: [{ device: "a", metric: "t", unit: "Cel", points: points(3) }] },
    latest: latestOf({ t: { value: 2, ts: NOW - 1_000, unit: "Cel" } }),
  });
  model.publication({ device: "a", ts: NOW - 2_500, values: { t: 99 }, tags: { of: "old" } });
  const metric = model.metrics.get("t");
  assert.deepEqual(metric.series.values, [0, 99, 1, 2]);
  assert.equal(metric.newest.value, 2);
  assert.deepEqual(model.tags, {});
  model.publication({ device: "a", ts: NOW, values: { t: 3 }, tags: { room: "north" } });
  assert.deepEqual([metric.newest.value, model.tags], [3, { room: "north" }]);
});

test("a new snapshot takes the place of all before", () => {
  const model = modelOf({ window: { series: [{ device: "a", metric: "t", points: points(3) }] } });
  model.publication({ device: "a", ts: NOW, values: { t: 3 } });
  model.snapshot({ window: { from: 0, to: NOW, truncated: false, series: [{ device: "a", metric: "t", points: points(4) }] }, latest: null }, 3_600_000);
  assert.deepEqual(model.metrics.get("t").series.values, [0, 1, 2, 3]);
});

test("it is known which metrics are thinned out, and their lines are not broken by that", () => {
  const series = [{ device: "a", metric: "few", points: points(10) }, { device: "a", metric: "many", points: points(POINTS, 10) }];
  const model = modelOf({ window: { series } });
  const [few, many] = ["few", "many"].map((name) => model.metrics.get(name));
  assert.deepEqual([few.series.thinned, many.series.thinned, model.thinned], [false, true, true]);
  assert.equal(silentMsOf(few), few.freshness.silentMs);
  assert.ok(silentMsOf(many) >= (4 * 3_600_000) / POINTS);
  const shared = Array.from({ length: 6 }, (_, at) => ({ device: "a", metric: `m${at}`, points: points(2_000) }));
  assert.ok(modelOf({ window: { series: shared } }).thinned); // no room for 5,000 of each
  assert.equal(modelOf({ window: { series: shared.slice(0, 2) } }).thinned, false);
});

test("where the window is not complete is told", () => {
  assert.equal(modelOf({}).completeFromMs, null);
  assert.equal(modelOf({ window: { truncated: true, from: NOW - 600_000 } }).completeFromMs, NOW - 600_000);
});

test("metrics whose points had no room are told of", () => {
  const latest = latestOf({ t: { value: 2, ts: NOW - 1_000 } });
  assert.equal(modelOf({ latest }).crowded, false);
  const crowded = modelOf({ window: { truncated: true }, latest });
  assert.deepEqual([crowded.crowded, crowded.completeFromMs], [true, null]);
});

test("metrics without end are bounded, and those left out are counted", () => {
  const model = modelOf({});
  const values = Object.fromEntries(Array.from({ length: 130 }, (_, at) => [`m${at}`, at]));
  model.publication({ device: "a", ts: NOW, values });
  assert.equal(model.metrics.size, 100);
  assert.equal(model.leftOut.size, 30);
  model.publication({ device: "a", ts: NOW + 1, values });
  assert.equal(model.leftOut.size, 30);
});

test("a clock that is ahead moves the end of the charts a little, and is told", () => {
  const model = modelOf({ latest: latestOf({ t: { value: 2, ts: NOW - 1_000 } }) });
  assert.deepEqual(model.end(3_600_000), { endMs: NOW, beyond: 0 });
  assert.equal(model.ahead, false);
  model.publication({ device: "a", ts: NOW + 120_000, values: { t: 1, constructor: 2 } });
  model.publication({ device: "a", ts: NOW + 9_000_000, values: { t: 1 } });
  assert.deepEqual(model.end(3_600_000), { endMs: NOW + 120_000, beyond: 1 });
  assert.equal(model.ahead, true);
});

test("the server's clock counts", () => {
  const model = new DeviceModel("device:a", () => NOW);
  model.snapshot({ window: { from: 0, to: NOW + 60_000, truncated: false, series: [] }, latest: null }, 3_600_000);
  assert.equal(model.nowMs, NOW + 60_000);
  assert.equal(model.known, false);
});

test("a metric that changes its unit is told in the new one, and one that cannot be converted is told of", () => {
  const series = [{ device: "a", metric: "t", unit: "Cel", points: points(2) }];
  const model = modelOf({ window: { series }, latest: latestOf({ t: { value: 1, ts: NOW - 1_000, unit: "Cel" } }) });
  const metric = model.metrics.get("t");
  model.publication({ device: "a", ts: NOW, values: { t: 68 }, units: { t: "[degF]" } });
  assert.deepEqual([metric.series.values, metric.unit, model.anew.size], [[32, 33.8, 68], "[degF]", 0]);
  model.publication({ device: "a", ts: NOW + 1, values: { t: 5 }, units: { t: "widget" } });
  assert.deepEqual([metric.series.values, metric.unit, [...model.anew]], [[5], "widget", ["t"]]);
});
