import assert from "node:assert/strict";
import { test } from "node:test";

import { endOf } from "../../../gateway/dashboard/charts/end.js";
import { Series } from "../../../gateway/dashboard/live/series.js";

const seriesOf = (...times) => {
  const series = new Series();
  series.load(times.map((ts) => [ts, 1]));
  return series;
};

test("a chart ends now where no point is of the future", () => {
  assert.deepEqual(endOf([], 1_000, 400), { endMs: 1_000, beyond: 0 });
  assert.deepEqual(endOf([seriesOf(), seriesOf(700, 1_000)], 1_000, 400), { endMs: 1_000, beyond: 0 });
});

test("it ends with the newest point that is a little ahead, and what is further ahead is counted", () => {
  assert.deepEqual(endOf([seriesOf(900, 1_060), seriesOf(1_040)], 1_000, 400), { endMs: 1_060, beyond: 0 });
  assert.deepEqual(endOf([seriesOf(900, 1_100, 1_101), seriesOf(9_000)], 1_000, 400), { endMs: 1_100, beyond: 2 });
});
