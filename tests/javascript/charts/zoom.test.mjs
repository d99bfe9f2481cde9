import assert from "node:assert/strict";
import { test } from "node:test";

import { LEAST_MS, moved, pinched, scaled, within } from "../../../gateway/dashboard/charts/zoom.js";

const LIMITS = { fromMs: 0, toMs: 100_000 };

test("closer keeps what is under the pointer where it is", () => {
  const { fromMs, toMs } = scaled({ fromMs: 0, toMs: 100_000 }, 0.5, 20_000);
  assert.deepEqual([fromMs, toMs], [10_000, 60_000]);
  assert.equal((20_000 - fromMs) / (toMs - fromMs), 0.2);
  assert.deepEqual(scaled({ fromMs: 10, toMs: 30 }, 2), { fromMs: 0, toMs: 40 });
});

test("a span stays within what there is, and keeps its length while it is moved", () => {
  assert.deepEqual(within(moved({ fromMs: 80_000, toMs: 90_000 }, 50_000), LIMITS), { fromMs: 90_000, toMs: 100_000 });
  assert.deepEqual(within(moved({ fromMs: 5_000, toMs: 9_000 }, -50_000), LIMITS), { fromMs: 0, toMs: 4_000 });
});

test("all that there is, or more, is no zoom", () => {
  assert.equal(within({ fromMs: 0, toMs: 100_000 }, LIMITS), null);
  assert.equal(within({ fromMs: -50_000, toMs: 150_000 }, LIMITS), null);
});

test("nobody gets closer than a second, around what was wanted", () => {
  const { fromMs, toMs } = within({ fromMs: 50_000, toMs: 50_010 }, LIMITS);
  assert.equal(toMs - fromMs, LEAST_MS);
  assert.equal((fromMs + toMs) / 2, 50_005);
});

test("fingers keep the times that they hold", () => {
  const { fromMs, toMs } = pinched(20_000, 40_000, 0.1, 0.9);
  assert.ok(Math.abs(fromMs + 0.1 * (toMs - fromMs) - 20_000) < 1e-6);
  assert.ok(Math.abs(fromMs + 0.9 * (toMs - fromMs) - 40_000) < 1e-6);
  assert.equal(pinched(20_000, 40_000, 0.5, 0.5), null);
  assert.equal(pinched(20_000, 40_000, 0.9, 0.1), null);
});
