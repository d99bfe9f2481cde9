import assert from "node:assert/strict";
import { test } from "node:test";

import { Outage } from "../../../gateway/dashboard/live/outage.js";
import { backLine, lostLine } from "../../../gateway/dashboard/live/outage_lines.js";

const missed = (count, device = "lamp") => new Map(count > 0 ? [[device, count]] : []);

test("an outage has no result before all that was left is there again", () => {
  const outage = new Outage(1_000);
  assert.equal(outage.result(2_000), null);
  outage.back(["a", "b"]);
  outage.topic("a", "resumed", missed(3));
  assert.equal(outage.result(3_000), null);
  outage.gone("b");
  assert.deepEqual(outage.result(4_000), { lasted: 3_000, topics: 1, recovered: 3, anew: 0 });
});

test("a topic that was joined meanwhile had missed nothing", () => {
  const outage = new Outage(0);
  outage.back(["a"]);
  outage.topic("a", "first", missed(0));
  assert.deepEqual(outage.result(1), { lasted: 1, topics: 0, recovered: 0, anew: 0 });
});

test("a reading that came on two topics was missed once", () => {
  const outage = new Outage(0);
  outage.back(["readings", "device:lamp", "device:door"]);
  outage.topic("readings", "resumed", new Map([["lamp", 3], ["door", 1]]));
  outage.topic("device:lamp", "resumed", missed(4));
  outage.topic("device:door", "resumed", missed(1, "door"));
  assert.equal(outage.result(1).recovered, 5);
});

test("one that began anew stays so, whatever came later", () => {
  const outage = new Outage(0);
  outage.back(["a"]);
  outage.topic("a", "anew", missed(0));
  outage.broke();
  assert.equal(outage.result(1), null);
  outage.back(["a"]);
  outage.topic("a", "resumed", missed(2));
  assert.deepEqual(outage.result(1), { lasted: 1, topics: 1, recovered: 2, anew: 1 });
});

test("where the connection was not lost it is not said to be back", () => {
  const outage = new Outage(null);
  outage.back([]);
  outage.topic("a", "anew", missed(0));
  assert.deepEqual(outage.result(7), { lasted: null, topics: 1, recovered: 0, anew: 1 });
  assert.equal(backLine(outage.result(7)).key, "skipped");
  outage.broke(3);
  outage.back([]);
  assert.equal(backLine(outage.result(7)).key, "anew");
});

test("what is lost is told at once, but a break that is over before one could read it", () => {
  assert.equal(lostLine({ state: "live", was: true, sinceMs: 0 }), null);
  assert.equal(lostLine({ state: "resuming", was: true, sinceMs: 1_000 }), null);
  assert.deepEqual(lostLine({ state: "resuming", was: true, sinceMs: 2_000 }), { key: "resuming", level: "bad" });
  assert.deepEqual(lostLine({ state: "offline", was: true, sinceMs: 0 }), { key: "offline", level: "bad" });
  assert.deepEqual(lostLine({ state: "stale", was: true, sinceMs: 0 }), { key: "stale", level: "warn" });
});

test("before it was ever connected there is nothing that could be from before", () => {
  assert.equal(lostLine({ state: "connecting", was: false, sinceMs: 1_000 }), null);
  assert.deepEqual(lostLine({ state: "connecting", was: false, sinceMs: 5_000 }), { key: "connecting", level: "warn" });
  assert.equal(lostLine({ state: "offline", was: false, sinceMs: 0 }).key, "connecting");
  assert.equal(lostLine({ state: "denied", was: false, sinceMs: 0 }), null); // the sign-in says so
  assert.equal(lostLine({ state: "origin", was: false, sinceMs: 0 }).key, "origin");
});

test("what came back is told by the worst of it", () => {
  const key = (result) => backLine({ lasted: 5_000, topics: 1, recovered: 0, anew: 0, ...result })?.key;
  assert.equal(key({ recovered: 3, anew: 1 }), "anew");
  assert.equal(key({ recovered: 3 }), "recovered");
  assert.equal(key({}), "nothing");
  assert.equal(key({ topics: 0 }), "plain");
  assert.equal(key({ lasted: 300 }), undefined);
  assert.equal(key({ lasted: 300, recovered: 1 }), "recovered");
});
