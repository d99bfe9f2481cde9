import assert from "node:assert/strict";
import { test } from "node:test";

import { Series } from "../../../gateway/dashboard/live/series.js";
import { addInUnit } from "../../../gateway/dashboard/live/unit_change.js";

const celsius = () => {
  const series = new Series();
  series.load([[1, 20], [3, 25]]);
  return series;
};

test("points of the same unit, or of none, are added as they are", () => {
  const series = celsius();
  for (const unit of ["Cel", undefined, ""]) assert.equal(addInUnit(series, "Cel", { ts: 9, value: 30, unit }, true), true);
  assert.equal(addInUnit(series, undefined, { ts: 9, value: 30, unit: "Cel" }, true), true);
  assert.deepEqual(series.values, [20, 25, 30, 30, 30, 30]);
});

test("what came before is told in the unit of the newest, and what comes late too", () => {
  const series = celsius();
  assert.equal(addInUnit(series, "Cel", { ts: 4, value: 68, unit: "[degF]" }, true), true);
  assert.deepEqual(series.values, [68, 77, 68]);
  assert.equal(addInUnit(series, "[degF]", { ts: 2, value: 10, unit: "Cel" }, false), true);
  assert.deepEqual(series.values, [68, 50, 77, 68]);
});

test("where it cannot be converted it begins anew, and what comes late is left out", () => {
  const series = celsius();
  assert.equal(addInUnit(series, "Cel", { ts: 4, value: 1, unit: "hPa" }, true), false);
  assert.deepEqual([series.times, series.values], [[4], [1]]);
  assert.equal(addInUnit(series, "hPa", { ts: 2, value: 10, unit: "Cel" }, false), false);
  assert.deepEqual(series.values, [1]);
});
