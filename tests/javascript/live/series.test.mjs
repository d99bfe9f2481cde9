import assert from "node:assert/strict";
import { test } from "node:test";

import { Series } from "../../../gateway/dashboard/live/series.js";

const filled = (...points) => {
  const series = new Series();
  series.load(points);
  return series;
};

test("a late point finds its place, and one of the same time stands behind", () => {
  const series = filled([10, 1], [30, 3]);
  series.add(20, 2);
  series.add(5, 0);
  series.add(20, 2.5);
  assert.deepEqual(series.times, [5, 10, 20, 20, 30]);
  assert.deepEqual(series.values, [0, 1, 2, 2.5, 3]);
});

test("booleans are 0 and 1; what is no number is no point", () => {
  const series = filled([1, true], [2, false]);
  for (const value of ["x", null, undefined, NaN, Infinity, {}]) assert.equal(series.add(3, value), false);
  assert.equal(series.add(undefined, 1), false);
  assert.deepEqual(series.values, [1, 0]);
});

test("what is before the window is forgotten but for the point that the line comes from", () => {
  const series = filled([10, 1], [20, 2], [30, 3], [40, 4]);
  series.forget(30);
  assert.deepEqual(series.times, [20, 30, 40]);
  series.forget(100);
  assert.deepEqual(series.times, [40]);
  series.forget(0);
  assert.deepEqual(series.times, [40]);
});

test("the summary is of the window alone", () => {
  const series = filled([10, 100], [20, 2], [30, 4]);
  assert.deepEqual(series.summary(20), { lowest: 2, highest: 4, mean: 3, count: 2 });
  assert.equal(series.summary(31), null);
  assert.equal(series.summary().highest, 100);
  assert.deepEqual(series.summary(10, 20), { lowest: 2, highest: 100, mean: 51, count: 2 });
  assert.equal(series.summary(11, 19), null);
});

test("memory is bounded over any number of points; extremes and the order of times stay", () => {
  const series = new Series(1_000);
  series.add(0, 500);
  series.add(1, -500);
  for (let at = 2; at < 100_000; at++) series.add(at, Math.sin(at / 50));
  assert.ok(series.length <= 1_000);
  assert.ok(series.length > 400);
  assert.equal(series.values.length, series.length);
  const { lowest, highest } = series.summary();
  assert.deepEqual([lowest, highest], [-500, 500]);
  assert.equal(series.times.at(-1), 99_999);
  const steps = series.times.slice(1).map((ts, at) => ts - series.times[at]);
  assert.ok(Math.min(...steps) > 0);
  // As dense long ago as lately.
  assert.ok(Math.max(...steps) <= (4 * 100_000) / 250);
});

test("many points of one time are bounded as well", () => {
  const series = new Series(100);
  for (let n = 0; n < 1_000; n++) series.add(5, n);
  assert.ok(series.length <= 100);
  assert.deepEqual([series.values[0], series.values.at(-1)], [0, 999]);
});

test("a silence is where nothing came for too long", () => {
  const series = filled([0, 1], [10, 1], [500, 1], [510, 1], [2_000, 1]);
  assert.deepEqual(series.silences(100), [[10, 500], [510, 2_000]]);
  assert.deepEqual(filled().silences(100), []);
});

test("what came seldom once and often now has no silence in its past", () => {
  const seldom = [0, 300, 600, 900, 1_200].map((ts) => [ts, 1]);
  const often = [1_500, 1_501, 1_502, 1_503, 1_600, 1_601, 1_602, 1_603].map((ts) => [ts, 1]);
  assert.deepEqual(filled(...seldom, ...often).silences(15), [[1_503, 1_600]]);
});

test("the mean of the largest numbers is none of infinity", () => {
  assert.equal(filled([0, 1.6e308], [1, 1.6e308]).summary().mean, 1.6e308);
});
