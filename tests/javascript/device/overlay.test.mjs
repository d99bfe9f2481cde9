import assert from "node:assert/strict";
import { test } from "node:test";

import { converted, kindOf } from "../../../gateway/dashboard/live/units.js";
import { inUnit, weatherMetricOf } from "../../../gateway/dashboard/views/device/overlay.js";

test("units become one another", () => {
  assert.equal(converted(21.5, "Cel", "°F"), 70.7);
  assert.equal(converted(70.7, "°F", "°C"), 21.5);
  assert.equal(converted(0, "°C", "K"), 273.15);
  assert.equal(converted(-40, "[degF]", "Cel"), -40);
  assert.equal(converted(1013.2, "hPa", "Pa"), 101_320);
  assert.equal(converted(36, "km/h", "m/s"), 10);
  assert.equal(converted(3, "widget", "widget"), 3);
  assert.equal(converted(3, "widget", "m"), null);
  assert.equal(converted(3, "°C", "hPa"), null);
  assert.equal(kindOf("%RH"), "share");
  assert.equal(kindOf(""), null);
});

test("the weather's value of the same quantity stands beside a device's", () => {
  const chosen = [
    ["temperature", "Cel", "temperature"],
    ["soil_temperature", "°F", "temperature"],
    ["temp", "", "temperature"],
    ["cpu", "°C", "temperature"],
    ["humidity", "%", "humidity"],
    ["room.rh", "%RH", "humidity"],
    ["pressure", "hPa", "pressure"],
    ["wind_speed", "km/h", "wind_speed"],
    ["wind_direction", "°", "wind_direction"],
    ["battery", "%", null],
    ["speed", "km/h", null],
    ["heading", "°", null],
    ["pressure", "widget", null],
    ["temperature", "%", null],
    ["attempts", "", null],
    ["co2", "ppm", null],
  ];
  for (const [metric, unit, weather] of chosen) assert.equal(weatherMetricOf(metric, unit), weather, metric);
});

test("points are told in the unit of the device", () => {
  assert.deepEqual(inUnit([[1, 0], [2, 100]], "°C", "°F"), [[1, 32], [2, 212]]);
  assert.deepEqual(inUnit([[1, 0]], "°C", ""), [[1, 0]]);
  assert.deepEqual(inUnit([[1, 0]], "°C", "hPa"), []);
});
