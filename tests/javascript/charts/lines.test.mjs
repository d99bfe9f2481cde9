import assert from "node:assert/strict";
import { test } from "node:test";

import { factorOf, meanOf, pointAt, rangeOf, rowsOf, runsOf, summaryOf } from "../../../gateway/dashboard/charts/lines.js";
import { MOST, markOf } from "../../../gateway/dashboard/charts/marks.js";
import { Series } from "../../../gateway/dashboard/live/series.js";

const seriesOf = (points) => {
  const series = new Series(100_000);
  series.load(points);
  return series;
};
const every = (stepMs, count, value = (at) => at, fromMs = 0) => Array.from({ length: count }, (_, at) => [fromMs + at * stepMs, value(at)]);
const spanOf = (fromMs, toMs) => ({ fromMs, toMs });

test("few points are drawn as they are, with a neighbour on either side", () => {
  const series = seriesOf(every(1_000, 10));
  assert.deepEqual(runsOf(series, spanOf(2_500, 5_500), 1_000), [[2_000, 2, 3_000, 3, 4_000, 4, 5_000, 5, 6_000, 6]]);
  assert.deepEqual(runsOf(seriesOf([]), spanOf(0, 1), 100), []);
});

test("of many points each column keeps its first, lowest, highest and last", () => {
  const values = [5, 9, 1, 7];
  const [run] = runsOf(seriesOf(every(1, 4, (at) => values[at])), spanOf(0, 1_000), 10);
  assert.deepEqual(run, [0, 5, 1, 9, 2, 1, 3, 7]);
  const many = seriesOf(every(1, 50_000, (at) => (at === 33_333 ? 999 : Math.sin(at))));
  const [drawn] = runsOf(many, spanOf(0, 50_000), 500);
  assert.ok(drawn.length / 2 <= 4 * 501);
  assert.ok(drawn.includes(999));
});

test("the line is broken where nothing came for longer than is usual there", () => {
  const points = [...every(1_000, 10), ...every(1_000, 10, (at) => at, 60_000)];
  assert.equal(runsOf(seriesOf(points), spanOf(0, 80_000), 1_000, 15_000).length, 2);
  assert.equal(runsOf(seriesOf(points), spanOf(0, 80_000), 10, 15_000).length, 2);
  assert.equal(runsOf(seriesOf(points), spanOf(0, 80_000), 1_000).length, 1);
  // Every five minutes once, every second now.
  const slowThenFast = [...every(300_000, 10), ...every(1_000, 100, (at) => at, 3_000_000)];
  assert.equal(runsOf(seriesOf(slowThenFast), spanOf(0, 4_000_000), 1_000, 15_000).length, 1);
});

test("an axis shows what is in view, and what leads there if nothing is", () => {
  const series = seriesOf([[0, 100], [1_000, 1], [2_000, 3], [3_000, -100]]);
  const [lowest, highest] = rangeOf([series], spanOf(900, 2_100));
  assert.ok(lowest < 1 && lowest > 0 && highest > 3 && highest < 4);
  assert.ok(rangeOf([series], spanOf(900, 2_100), new Set([series]))[1] > 100);
  const [below, above] = rangeOf([series], spanOf(1_200, 1_300));
  assert.ok(below < 1 && above > 3 && above < 4);
  assert.equal(rangeOf([seriesOf([])], spanOf(0, 1)), null);
  const [under, over] = rangeOf([seriesOf([[0, 0]])], spanOf(0, 1));
  assert.ok(under < 0 && over > 0);
});

test("no number is too large or too small for an axis", () => {
  assert.deepEqual(rangeOf([seriesOf([[0, -1.7e308], [1, 1.7e308]])], spanOf(0, 1)), [-Number.MAX_VALUE, Number.MAX_VALUE]);
  assert.deepEqual([[0, 0], [-5, 1e14], [2e-7, 8e-7]].map(factorOf), [1, 1, 1]);
  for (const range of [[1e308, 1.7e308], [-1e300, 5], [1e17, 1e17 + 64], [1e-30, 2e-30], [0, 5e-324]]) {
    const factor = factorOf(range);
    for (const end of range) assert.ok(Number.isFinite(end / factor) && Math.abs(end / factor) < 1e15);
    assert.ok(Math.abs(range[1] - range[0]) / factor > 1e-25);
  }
});

test("the cursor is about the nearest point, and about none in a silence", () => {
  const series = seriesOf([...every(1_000, 5), ...every(1_000, 5, (at) => 100 + at, 100_000)]);
  assert.deepEqual(pointAt(series, 1_400, 3_000), { ts: 1_000, value: 1 });
  assert.deepEqual(pointAt(series, 1_600, 3_000), { ts: 2_000, value: 2 });
  assert.deepEqual(pointAt(series, 1_600, 3_000, true), { ts: 1_000, value: 1 });
  assert.equal(pointAt(series, 50_000, 3_000), null);
  assert.deepEqual(pointAt(series, 99_000, 3_000), { ts: 100_000, value: 100 });
  assert.equal(pointAt(series, -500, 3_000, true), null);
  assert.deepEqual(pointAt(series, 200_000), { ts: 104_000, value: 104 });
  assert.equal(pointAt(seriesOf([]), 0), null);
});

test("a table has a row for each time, the newest first", () => {
  const [one, other] = [seriesOf([[1, 10], [2, 20], [4, 40]]), seriesOf([[2, 200], [3, 300], [9, 900]])];
  assert.deepEqual(rowsOf([one, other], spanOf(2, 5), 2), {
    rows: [{ ts: 4, values: [40, undefined] }, { ts: 3, values: [undefined, 300] }],
    all: 3,
  });
  assert.deepEqual(rowsOf([one], spanOf(-Infinity, Infinity), 100).rows.map(({ ts }) => ts), [4, 2, 1]);
  assert.deepEqual(rowsOf([], spanOf(0, 1), 100), { rows: [], all: 0 });
});

test("what holds from before the view is one of its values, and what is no step or long silent is none", () => {
  const series = seriesOf([[0, 10], [1_000, 4], [2_000, 7]]);
  const line = { series, silentMs: 5_000, steps: true };
  assert.deepEqual(summaryOf(line, spanOf(1_200, 1_800)), { lowest: 4, highest: 4, mean: 4, count: 1 });
  assert.deepEqual(summaryOf(line, spanOf(500, 1_500)), { lowest: 4, highest: 10, mean: 7, count: 2 });
  assert.deepEqual(summaryOf(line, spanOf(1_000, 1_500)), { lowest: 4, highest: 4, mean: 4, count: 1 });
  assert.equal(summaryOf({ series, silentMs: 5_000 }, spanOf(1_200, 1_800)), null);
  assert.equal(summaryOf(line, spanOf(8_000, 9_000)), null);
  assert.equal(summaryOf(line, spanOf(-9, -5)), null);
});

test("a mean has as many digits as say something", () => {
  assert.equal(meanOf({ lowest: 622, highest: 673, mean: 640.512345 }), 640.51);
  assert.equal(meanOf({ lowest: 17, highest: 18.1, mean: 17.412345 }), 17.412);
  assert.equal(meanOf({ lowest: 0, highest: 1_000_000, mean: 1.5 }), 1.5);
  assert.equal(meanOf({ lowest: 0, highest: 100, mean: 0.5 }), 0.5);
  assert.equal(meanOf({ lowest: 1, highest: 588, mean: 294.5 }), 294.5);
  assert.equal(meanOf({ lowest: -1, highest: 1, mean: 1e-17 }), 0);
  assert.equal(meanOf({ lowest: 1e308, highest: 1.1e308, mean: 1.0366666666666666e308 }), 1.0367e308);
  assert.equal(meanOf({ lowest: -1.7e308, highest: 1.7e308, mean: 2e300 }), 2e300);
  assert.equal(meanOf({ lowest: 5.25, highest: 5.25, mean: 5.25 }), 5.25);
  assert.equal(meanOf({ lowest: 0, highest: 1e-20, mean: 5e-21 }), 5e-21);
});

test("24 lines are told apart, each from its neighbours by its dash too", () => {
  const marks = Array.from({ length: MOST }, (_, at) => markOf(at));
  assert.equal(new Set(marks.map((mark) => JSON.stringify(mark))).size, MOST);
  marks.slice(1, 8).forEach((mark, at) => assert.notDeepEqual(mark.dash, marks[at].dash));
});
