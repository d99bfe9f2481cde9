import assert from "node:assert/strict";
import { test } from "node:test";

import { Detail } from "../../../gateway/dashboard/views/device/detail.js";
import { historyPath, readHistory } from "../../../gateway/dashboard/views/device/history.js";

const SPAN = { fromMs: 1_000.4, toMs: 2_000.4 };
const page = (ts, next = null, truncated = false) => ({ publications: ts.map((each) => ({ data: { ts: each, values: { n: each } } })), next, truncated });

test("the first page is asked for with both ends, in the order of the readings' own time", () => {
  const { searchParams } = new URL(historyPath("device:a b", SPAN), "http://here");
  assert.deepEqual(Object.fromEntries(searchParams), { topic: "device:a b", order: "ts", limit: "1000", since: "1000", until: "2002" });
});

test("page follows page until there is none, and each is told of", async () => {
  const pages = { two: page([3], "three"), three: page([4, 5]) };
  const told = [];
  const read = async (path) => pages[path] ?? page([1, 2], "two");
  const { readings, cut } = await readHistory(read, "device:a", SPAN, { most: 100, progress: (count) => told.push(count) });
  assert.deepEqual(readings.map(({ ts }) => ts), [1, 2, 3, 4, 5]);
  assert.deepEqual([cut, told], [false, [2, 3, 5]]);
});

test("it is bounded, and says what it has left out", async () => {
  const endless = async () => page([1, 2], "more");
  const { readings, cut } = await readHistory(endless, "device:a", SPAN, { most: 5 });
  assert.deepEqual([readings.length, cut], [5, true]);
  assert.equal((await readHistory(async () => page([1], null, true), "device:a", SPAN, { most: 5 })).cut, true);
  assert.equal((await readHistory(async () => page([1, 2]), "device:a", SPAN, { most: 2 })).cut, false);
});

const detailOf = (read) => new Detail("device:a", read, () => {});

test("every reading of a span is there once it is loaded, with what comes late, until it is left", async () => {
  const detail = detailOf(async () => page([1_200, 1_400]));
  await detail.load({ fromMs: 1_000, toMs: 2_000 });
  assert.ok(detail.holds({ fromMs: 900, toMs: 1_900 }));
  assert.equal(detail.holds({ fromMs: 0, toMs: 1_900 }), false);
  detail.add({ ts: 1_300, values: { n: 7, text: "none" } });
  detail.add({ ts: 9_000, values: { n: 8 } });
  assert.deepEqual(detail.of("n", { fromMs: 1_000, toMs: 2_000 }).values, [1_200, 7, 1_400]);
  assert.equal(detail.of("n", { fromMs: 0, toMs: 2_000 }), null);
  detail.want(null);
  assert.equal(detail.of("n", { fromMs: 1_000, toMs: 2_000 }), null);
});

test("too many readings, and those of a span that was left meanwhile, are not shown", async () => {
  const many = detailOf(async () => page(Array.from({ length: 1_000 }, (_, at) => at), "more"));
  await many.load({ fromMs: 0, toMs: 2_000 });
  assert.equal(many.span, null);
  const left = detailOf(async () => {
    left.want(null);
    return page([1]);
  });
  await left.load({ fromMs: 0, toMs: 2_000 });
  assert.equal(left.span, null);
});

test("readings are told in the unit that the metric has, and not at all once it has another", async () => {
  let unit = "[degF]";
  const read = async () => ({ publications: [{ data: { ts: 1_200, values: { n: 20 }, units: { n: "Cel" } } }], next: null });
  const detail = new Detail("device:a", read, () => {}, () => unit);
  await detail.load({ fromMs: 1_000, toMs: 2_000 });
  assert.deepEqual(detail.of("n", { fromMs: 1_000, toMs: 2_000 }).values, [68]);
  unit = "K";
  assert.equal(detail.of("n", { fromMs: 1_000, toMs: 2_000 }), null);
});
