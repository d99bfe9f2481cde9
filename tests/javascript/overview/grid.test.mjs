import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsOf, heightOf, near, placeOf } from "../../../gateway/dashboard/views/overview/grid.js";

const size = { columns: 4, row: 90, gap: 10, width: 430 };

test("as many columns as there is room for, and never none", () => {
  assert.deepEqual([columnsOf(430, 100, 10), columnsOf(429, 100, 10), columnsOf(50, 100, 10)], [4, 3, 1]);
});

test("the list is as high as its rows", () => {
  assert.deepEqual([heightOf(0, size), heightOf(1, size), heightOf(5, size)], [0, 90, 190]);
});

test("half a screen above and below the view is ready", () => {
  assert.deepEqual(near(5_000, 1_000, 400, size), { from: 32, to: 64, first: 40, last: 56 });
});

test("before its beginning and after its end there is nothing", () => {
  assert.deepEqual(near(10, -100, 400, size), { from: 0, to: 10, first: 0, last: 10 });
  assert.deepEqual(near(10, 100_000, 400, size), { from: 10, to: 10, first: 10, last: 10 });
  assert.deepEqual(near(0, 0, 400, size), { from: 0, to: 0, first: 0, last: 0 });
  assert.deepEqual(near(5_000, -10_000, 400, size), { from: 0, to: 0, first: 0, last: 0 });
});

test("tiles stand beside each other, then below", () => {
  assert.deepEqual([placeOf(0, size), placeOf(6, size)], [{ left: 0, top: 0, width: 100 }, { left: 220, top: 100, width: 100 }]);
});
