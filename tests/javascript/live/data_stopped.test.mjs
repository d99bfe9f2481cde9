import assert from "node:assert/strict";
import { test } from "node:test";

import { DataStopped } from "../../../gateway/dashboard/live/data_stopped.js";

const started = (gaps, { liveFrom = 0 } = {}) => {
  const stopped = new DataStopped();
  stopped.live(true, liveFrom);
  let at = 0;
  stopped.heard(at);
  for (const gap of gaps) stopped.heard((at += gap));
  return { stopped, at };
};
const each = (count, gap) => Array(count).fill(gap);

test("nothing for three times the longest gap, and a minute at least, is said with since when", () => {
  const fast = started(each(20, 1_000));
  assert.equal(fast.stopped.since(fast.at + 60_000), null);
  assert.equal(fast.stopped.since(fast.at + 60_001), fast.at);
  const slow = started(each(20, 600_000));
  assert.equal(slow.stopped.since(slow.at + 1_800_000), null);
  assert.equal(slow.stopped.since(slow.at + 1_800_001), slow.at);
});

test("it is over when a reading comes, and the gap counts from then on", () => {
  const { stopped, at } = started(each(20, 1_000));
  stopped.heard(at + 300_000);
  assert.equal(stopped.since(at + 300_001), null);
  assert.equal(stopped.since(at + 300_000 + 800_000), null);
  assert.equal(stopped.since(at + 300_000 + 900_001), at + 300_000);
});

test("of few readings nothing can be said", () => {
  const { stopped, at } = started(each(4, 1_000));
  assert.equal(stopped.since(at + 86_400_000), null);
  assert.equal(new DataStopped().since(0), null);
});

test("while the connection is not live nothing is said, nor at once when it is again, and that is no gap", () => {
  const { stopped, at } = started(each(20, 1_000));
  stopped.live(false, at + 1_000);
  assert.equal(stopped.since(at + 3_600_000), null);
  stopped.live(true, at + 3_600_000);
  assert.equal(stopped.since(at + 3_600_001), null);
  assert.equal(stopped.since(at + 3_630_000), at);
  stopped.heard(at + 3_640_000);
  assert.equal(stopped.since(at + 3_640_000 + 60_001), at + 3_640_000);
});

test("what was usual is learned from the past", () => {
  const stopped = new DataStopped();
  stopped.live(true, 1_000_000);
  stopped.learn([400_000, 100_000, 200_000, 300_000, 500_000, 600_000]);
  stopped.heard(600_000);
  assert.equal(stopped.since(900_000 + 200_000), 600_000);
  assert.equal(stopped.since(899_999), null);
});
