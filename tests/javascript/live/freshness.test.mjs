import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock, Freshness, duration } from "../../../gateway/dashboard/live/freshness.js";

const NOW = 1_760_000_000_000;

test("a slow clock is known by the next reading, and the age is then since it came", () => {
  // The device is an hour behind, the viewer's clock ten minutes ahead of the server's.
  const [device, server, viewer] = [NOW - 3_600_000, NOW, NOW + 600_000];
  const freshness = new Freshness();
  freshness.snapshot({ ts: device - 5_000, seen: server - 5_000 }, server, viewer);
  assert.equal(freshness.ageMs(viewer), 3_605_000, "it may be a reading that came late");
  freshness.reading(device + 1_000, viewer + 1_100);
  assert.equal(freshness.ageMs(viewer + 3_100), 2_100);
});

test("a slow clock is known without a snapshot, by lists alone, and of a device that speaks ten times a second", () => {
  const slow = 600_000;
  const live = new Freshness();
  for (let n = 0; n < 2; n++) live.reading(NOW - slow + n * 60_000, NOW + n * 60_000 + n * 90);
  assert.equal(live.ageMs(NOW + 60_090), 90);
  const listed = new Freshness();
  for (const at of [NOW, NOW + 300_000]) listed.snapshot({ ts: at - slow - 2_000, seen: at - 2_000 }, at, at);
  assert.equal(listed.ageMs(NOW + 300_000), 2_000);
  const quick = new Freshness();
  for (let n = 0; n <= 20; n++) quick.reading(NOW - slow + n * 100, NOW + n * 100 + (n % 3) * 40);
  assert.equal(quick.ageMs(NOW + 2_080), 80);
});

test("the metrics of a device know its clock by each other", () => {
  const clock = new Clock();
  const [often, rarely] = [new Freshness({ clock }), new Freshness({ clock })];
  rarely.reading(NOW - 600_000, NOW);
  for (const ms of [0, 10_000, 20_000]) often.reading(NOW - 600_000 + ms, NOW + ms);
  assert.equal(rarely.ageMs(NOW + 20_000), 20_000);
});

test("a buffer that is sent later is as old as its newest reading, at the first look and while one looks", () => {
  for (const stepMs of [10_000, 1_000, 100]) {
    const newest = NOW - 1_800_000;
    const seen = new Freshness();
    seen.snapshot({ ts: newest, seen: NOW - 3_000 }, NOW, NOW);
    assert.equal(seen.ageMs(NOW), 1_800_000);
    // Half an hour of readings comes in one second, unevenly.
    for (let n = 1; n <= 120; n++) seen.reading(newest + n * stepMs, NOW + 5_000 + n * 8 + (n % 10 === 0 ? 60 : 0));
    const after = NOW + 6_000;
    assert.equal(seen.ageMs(after), after - newest - 120 * stepMs);
    assert.ok(seen.silent(after));
    // And then it is live again.
    seen.reading(after, after + 100);
    assert.ok(seen.ageMs(after + 2_000) <= 2_000);
  }
});

test("a gap before a buffer is no pace", () => {
  const freshness = new Freshness();
  freshness.snapshot({ ts: NOW - 1_800_000, seen: NOW - 25_000 }, NOW, NOW);
  freshness.reading(NOW - 1_200_000, NOW);
  assert.equal(freshness.silentMs, 75_000);
  assert.ok(freshness.silent(NOW));
});

test("whoever trusts takes what is late for a slow clock", () => {
  const freshness = new Freshness({ clock: new Clock({ trusting: true }) });
  freshness.snapshot({ ts: NOW - 3_600_000, seen: NOW - 5_000 }, NOW, NOW);
  assert.equal(freshness.ageMs(NOW), 5_000);
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
  assert.equal(freshness.ageMs(woken), 3_599_000);
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

test("how often a reading comes is learned from what was thinned out, too", () => {
  // Every 5 seconds; of two or three neighbours one is left.
  const all = Array.from({ length: 151 }, (_, at) => [at * 5_000, at]);
  const left = all.filter((_, at) => [0, 1, 4].includes(at % 7));
  const learned = new Freshness();
  learned.learn(left, true);
  assert.equal(learned.silentMs, 15_000);
  const rarely = new Freshness();
  rarely.learn(left.map(([ts, value]) => [ts * 100, value]), true);
  assert.equal(rarely.silentMs, 120_000, "no later than without");
  const few = new Freshness();
  few.learn([[0, 1], [300, 1], [900_000, 1]], true);
  assert.equal(few.silentMs, 120_000);
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

test("an age that the server tells is believed until readings tell the clock", () => {
  const freshness = new Freshness();
  const slow = 3_600_000; // so much the device's clock is behind
  freshness.told(NOW - slow - 5_000, slow + 5_000, NOW);
  assert.equal(freshness.ageMs(NOW), slow + 5_000);
  freshness.told(NOW - slow - 5_000, slow + 6_000, NOW + 1_000);
  assert.equal(freshness.ageMs(NOW + 1_000), slow + 6_000);
  freshness.told(NOW - slow + 2_000, slow, NOW + 2_000);
  assert.equal(freshness.ageMs(NOW + 2_000), slow);
  freshness.told(NOW - slow + 9_000, slow, NOW + 9_000);
  assert.equal(freshness.ageMs(NOW + 9_000), 0, "it is its clock");
  freshness.told(NOW - slow + 9_000, slow + 7_000, NOW + 16_000);
  assert.equal(freshness.ageMs(NOW + 16_000), 7_000);
});
