import assert from "node:assert/strict";
import { test } from "node:test";

import { unitAfter, unitInSnapshot } from "../../../gateway/dashboard/views/weather/units.js";

const snapshot = (series, latest = {}) => ({ window: { series }, latest: { latest } });

test("a snapshot tells a unit, that there is none, or nothing", () => {
  assert.equal(unitInSnapshot("temperature", snapshot([{ metric: "temperature", unit: "Cel", points: [] }])), "°C");
  assert.equal(unitInSnapshot("uv", snapshot([{ metric: "uv", unit: null, points: [] }])), "");
  assert.equal(unitInSnapshot("uv", snapshot([], { uv: { value: 3, ts: 1, unit: "1/d" } })), "1/d");
  assert.equal(unitInSnapshot("uv", snapshot([], { uv: { value: 3, ts: 1 } })), "");
  assert.equal(unitInSnapshot("uv", snapshot([])), null);
  assert.equal(unitInSnapshot("uv", { window: { series: [] }, latest: null }), null);
});

test("the newest observation of a metric tells its unit, one without the metric tells nothing", () => {
  assert.equal(unitAfter(null, "uv", { values: { uv: 3 }, units: {} }), "");
  assert.equal(unitAfter(null, "wind_speed", { values: { wind_speed: 3 }, units: { wind_speed: "m/s" } }), "m/s");
  assert.equal(unitAfter("", "wind_speed", { values: { wind_speed: 3 }, units: { wind_speed: "m/s" } }), "m/s");
  assert.equal(unitAfter("m/s", "wind_speed", { values: { uv: 3 } }), "m/s");
  assert.equal(unitAfter("", "uv", {}), "");
});
