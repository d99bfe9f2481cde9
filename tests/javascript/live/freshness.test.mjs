import assert from "node:assert/strict";
import { test } from "node:test";

import { Freshness, duration } from "../../../gateway/dashboard/live/freshness.js";

const NOW = 1_760_000_000_000;

test("neither clock is believed: the age is since the reading came", () => {
  // The device is an hour behind, the viewer's clock ten minutes ahead of the server's.
  const [device, server, viewer] = [NOW - 3_600_000, NOW, NOW + 600_000];
  const freshness = new Freshness();
  freshness.snapshot({ ts: device - 5_000, seen: server - 5_000 }, server, viewer);
  assert.equal(freshness.ageMs(viewer), 5_000);
  freshness.reading(device + 1_000, viewer + 1_100);
  assert.equal(freshness.ageMs(viewer + 3_100), 2_100);
});

test("a device that is ahead of time is not fresher than now", () => {
  const freshness = new Freshness();
  freshness.reading(NOW + 60_000, NOW);
  assert.equal(freshness.ageMs(NOW + 4_000), 4_000);
});

test("what a resume brings late is as old as it is", () => {
  const freshness = new Freshness();
  freshness.reading(NOW, NOW + 50);
  const woken = NOW + 3_600_000;
  freshness.reading(NOW + 1_000, woken);
  assert.equal(freshness.ageMs(woken), 3_598_950);
  assert.ok(freshness.silent(woken));
});

test("a source is silent after three of its usual intervals, fifteen seconds at least", () => {
  const slow = new Freshness();
  for (let n = 0; n < 30; n++) slow.reading(NOW + n * 60_000, NOW + n * 60_000);
  const last = NOW + 29 * 60_000;
  assert.equal(slow.silent(last + 179_000), false);
  assert.equal(slow.silent(last + 181_000), true);
  const quick = new Freshness();
  for (let n = 0; n < 30; n++) quick.reading(NOW + n * 100, NOW + n * 100);
  assert.equal(quick.silent(NOW + 2_900 + 14_000), false);
  assert.equal(quick.silent(NOW + 2_900 + 16_000), true);
});

test("how often a reading comes is learned from the past, told by the source, or set", () => {
  const learned = new Freshness();
  learned.learn([[0, 1], [60_000, 1], [120_000, 1], [500_000, 1]]);
  assert.equal(learned.silentMs, 180_000);
  const told = new Freshness();
  told.snapshot({ ts: NOW, paceMs: 900_000 }, NOW, NOW);
  assert.equal(told.silentMs, 2_700_000);
  assert.equal(new Freshness({ silentMs: 1_000 }).silentMs, 1_000);
  assert.equal(new Freshness().silentMs, 120_000);
});

test("without any reading there is no age, and silence", () => {
  const freshness = new Freshness();
  assert.equal(freshness.ageMs(NOW), null);
  assert.ok(freshness.silent(NOW));
});

test("durations are read as the server reads windows", () => {
  assert.equal(duration("90s"), 90_000);
  assert.equal(duration("2d"), 172_800_000);
  for (const none of [null, undefined, "", "0s", "1", "1w", "-1s", "1.5h", " 1h"]) assert.equal(duration(none), null);
});

test("an age that the server tells is believed until a reading comes", () => {
  const freshness = new Freshness();
  const slow = 3_600_000; // so much the device's clock is behind
  freshness.told(NOW - slow - 5_000, slow + 5_000, NOW);
  assert.equal(freshness.ageMs(NOW), slow + 5_000);
  freshness.told(NOW - slow - 5_000, slow + 6_000, NOW + 1_000);
  assert.equal(freshness.ageMs(NOW + 1_000), slow + 6_000);
  freshness.told(NOW - slow + 2_000, slow, NOW + 2_000);
  assert.equal(freshness.ageMs(NOW + 2_000), 0);
  freshness.told(NOW - slow + 2_000, slow + 9_000, NOW + 9_000);
  assert.equal(freshness.ageMs(NOW + 9_000), 7_000);
});
