import assert from "node:assert/strict";
import { test } from "node:test";

import { Evaluation } from "../../../gateway/dashboard/alerts/evaluation.js";
import { ruleOf } from "../../../gateway/dashboard/alerts/rule.js";
import { Watcher } from "../../../gateway/dashboard/alerts/watcher.js";
import { sourceOf } from "../../../gateway/dashboard/live/source.js";

const BEGIN = 1_760_000_000_000;

class Bench {
  now = BEGIN;
  told = [];

  constructor(more, topic = "device:a", raisedAt = null) {
    const rule = ruleOf({ id: "1", topic, metric: topic.startsWith("compare") ? "difference" : "t", kind: "above", limit: 30, ...more });
    this.evaluation = new Evaluation(rule, raisedAt);
    const happened = (_evaluation, events) => this.told.push(...events.map(({ raised, at }) => [raised, at - BEGIN]));
    this.watcher = new Watcher(sourceOf(rule.topic, rule.metric, rule.device), [this.evaluation], happened, () => this.now);
  }

  // The past as points [[ms since BEGIN, value], …] of the device's clock, which is `slow` milliseconds behind.
  snapshot(points, slow = 0) {
    const series = points.map(([ms, value]) => [BEGIN + ms - slow, value]);
    const [ts, value] = series.at(-1) ?? [];
    const latest = series.length ? { ts, last_seen: ts + slow, latest: { t: { value, ts } } } : null;
    this.watcher.trouble(null);
    this.watcher.snapshot({ window: { to: this.now, series: [{ metric: "t", points: series }] }, latest });
    return this.tick("live");
  }

  publish(ms, value, slow = 0) {
    this.watcher.publication({ ts: BEGIN + ms - slow, values: { t: value } });
    return this;
  }

  tick(connection, ms = this.now - BEGIN, confirmed = true) {
    this.now = BEGIN + ms;
    this.watcher.tick(connection, confirmed);
    return this.evaluation.state;
  }
}

test("the past is no news, what follows is", () => {
  const bench = new Bench();
  assert.equal(bench.snapshot([[-90_000, 40], [-60_000, 20], [-30_000, 20], [0, 21]]), "fine");
  assert.deepEqual(bench.told, []);
  bench.now = BEGIN + 5_000;
  bench.publish(5_000, 31);
  assert.deepEqual([bench.told, bench.evaluation.state], [[[true, 5_000]], "on"]);
});

test("a device's clock does not matter", () => {
  const bench = new Bench({ forS: 60 });
  assert.equal(bench.snapshot([[-20_000, 40], [-10_000, 41], [0, 42]], 3_600_000), "waiting");
  assert.equal(bench.tick("live", 39_000), "unknown", "three readings are missing");
  for (const ms of [39_000, 40_000]) {
    bench.now = BEGIN + ms;
    bench.publish(ms, 40, 3_600_000);
    bench.tick("live");
  }
  assert.deepEqual(bench.told, [[true, 40_000]]);
});

test("without a connection it is unknown; what was missed and lies between is told after a new snapshot", () => {
  const bench = new Bench();
  bench.snapshot([[-20_000, 20], [-10_000, 20], [0, 20]]);
  assert.equal(bench.tick("resuming", 10_000), "unknown");
  assert.equal(bench.tick("live", 90_000), "unknown", "connected, and not yet subscribed");
  bench.now = BEGIN + 91_000;
  assert.equal(bench.snapshot([[-20_000, 20], [0, 20], [30_000, 35], [60_000, 20], [90_000, 20]]), "fine");
  assert.deepEqual(bench.told, [[true, 30_000], [false, 60_000]]);
  for (const state of ["stale", "offline", "denied"]) assert.equal(bench.tick(state), "unknown", state);
});

test("a topic that is refused, and a page that has slept, know nothing", () => {
  const bench = new Bench();
  bench.watcher.trouble("denied");
  assert.equal(bench.tick("live"), "unknown");
  assert.equal(bench.evaluation.unknown, "denied");
  bench.snapshot([[-20_000, 20], [-10_000, 20], [0, 20]]);
  assert.equal(bench.tick("live", 1_000, false), "unknown");
  assert.equal(bench.tick("live", 1_000), "fine");
});

test("a value that is too old is not well, but what went off stays", () => {
  const bench = new Bench();
  bench.snapshot([[-20_000, 20], [-10_000, 20], [0, 20]]);
  assert.equal(bench.tick("live", 31_000), "unknown");
  assert.equal(bench.evaluation.unknown, "silent");
  bench.publish(31_000, 50);
  bench.tick("live", 90_000);
  assert.deepEqual([bench.evaluation.state, bench.evaluation.raisedAt], ["unknown", BEGIN + 31_000]);
});

test("silence of one metric is not hidden by the others, nor by the age of the topic", () => {
  const bench = new Bench({ kind: "silent", silentS: 30 });
  bench.snapshot([[-20_000, 20], [-10_000, 20], [0, 20]]);
  bench.now = BEGIN + 20_000;
  bench.watcher.publication({ ts: bench.now, values: { other: 1 } });
  assert.equal(bench.tick("live", 30_000), "fine");
  assert.equal(bench.tick("live", 30_001), "on");
  assert.deepEqual(bench.told, [[true, 30_000]]);
});

test("a page that comes back finds what it left", () => {
  const bench = new Bench({}, "device:a", BEGIN - 50_000);
  bench.snapshot([[-90_000, 20], [-50_000, 40], [-20_000, 41], [0, 42]]);
  assert.deepEqual([bench.told, bench.evaluation.state], [[], "on"]);
  const over = new Bench({}, "device:a", BEGIN - 50_000);
  over.snapshot([[-90_000, 20], [-50_000, 40], [-20_000, 20], [0, 20]]);
  assert.deepEqual([over.told, over.evaluation.state], [[[false, -20_000]], "fine"]);
});

test("a difference of inside and outside can be watched too", () => {
  const bench = new Bench({ limit: 10 }, "compare:a:berlin");
  bench.watcher.trouble(null);
  bench.watcher.snapshot(undefined);
  const data = { value: 20, ts: BEGIN, age_s: 0, outside: 5, outside_ts: BEGIN, outside_age_s: 0, stale: false };
  bench.watcher.publication({ ...data, difference: 15 });
  assert.equal(bench.tick("live"), "on");
  bench.watcher.publication({ ...data, ts: BEGIN + 1_000, difference: 5, stale: true });
  assert.equal(bench.tick("live", 1_000), "unknown");
  assert.equal(bench.evaluation.unknown, "outside");
});
