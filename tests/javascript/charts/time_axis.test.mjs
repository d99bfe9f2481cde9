import assert from "node:assert/strict";
import { test } from "node:test";

import { TimeAxis } from "../../../gateway/dashboard/charts/time_axis.js";

test("live goes on with the time, and what is zoomed stands still", () => {
  const axis = new TimeAxis(60_000, 100_000);
  assert.deepEqual(axis.view, { fromMs: 40_000, toMs: 100_000 });
  axis.tick(101_000);
  assert.deepEqual(axis.view, { fromMs: 41_000, toMs: 101_000 });
  axis.show({ fromMs: 50_000, toMs: 60_000 });
  axis.tick(200_000);
  assert.deepEqual(axis.view, { fromMs: 50_000, toMs: 60_000 });
  assert.equal(axis.oldestMs, 50_000);
  axis.show(null);
  assert.deepEqual(axis.view, { fromMs: 140_000, toMs: 200_000 });
});

test("the keyboard zooms, moves and comes back", () => {
  const axis = new TimeAxis(80_000, 100_000);
  assert.ok(axis.key("+"));
  assert.deepEqual(axis.view, { fromMs: 40_000, toMs: 80_000 });
  axis.key("ArrowLeft");
  assert.deepEqual(axis.view, { fromMs: 30_000, toMs: 70_000 });
  axis.key("ArrowRight");
  axis.key("ArrowRight");
  assert.deepEqual(axis.view, { fromMs: 50_000, toMs: 90_000 });
  axis.key("-");
  assert.equal(axis.zoomed, null);
  axis.key("+");
  axis.key("0");
  assert.equal(axis.zoomed, null);
  assert.equal(axis.key("x"), false);
});

test("what is live has nowhere to go, and another window is live", () => {
  const axis = new TimeAxis(80_000, 100_000);
  axis.move(-5_000);
  assert.equal(axis.zoomed, null);
  axis.zoom(0.5);
  axis.setWindow(10_000);
  assert.deepEqual(axis.view, { fromMs: 90_000, toMs: 100_000 });
});

test("all that listen are told what changed, of the same cursor once", () => {
  const [axis, told] = [new TimeAxis(80_000, 100_000), []];
  axis.listeners.add((what) => told.push(what));
  axis.point(50_000);
  axis.point(50_000);
  axis.tick(100_001);
  axis.zoom(0.5);
  assert.deepEqual(told, ["cursor", "time", "view"]);
});
