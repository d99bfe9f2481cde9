import assert from "node:assert/strict";
import { test } from "node:test";

import { strokes } from "../../../gateway/dashboard/views/overview/spark.js";

const place = { fromMs: 0, toMs: 100, width: 200, height: 10, gapMs: 50 };
const line = (...points) => ({ times: points.map(([ts]) => ts), values: points.map(([, value]) => value) });

test("time goes to the right, and the largest value stands at the top", () => {
  assert.deepEqual(strokes(line([0, 1], [50, 3], [100, 2]), place), [[0, 10, 100, 0, 200, 5]]);
});

test("it ends where nothing came for long", () => {
  assert.deepEqual(strokes(line([0, 0], [10, 1], [70, 1], [80, 0]), place), [[0, 10, 20, 0], [140, 0, 160, 10]]);
});

test("what never changes lies in the middle", () => {
  assert.deepEqual(strokes(line([0, 7], [50, 7]), place), [[0, 5, 100, 5]]);
});

test("what is before the window is left out, what is ahead of the clock stands at the edge", () => {
  assert.deepEqual(strokes(line([-10, 99], [0, 1], [50, 2], [100, 1], [130, 1]), place), [[0, 10, 100, 0, 200, 10, 200, 10]]);
  assert.deepEqual(strokes(line([-10, 1]), place), []);
  assert.deepEqual(strokes(line(), place), []);
});
