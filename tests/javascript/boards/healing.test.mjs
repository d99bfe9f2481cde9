import assert from "node:assert/strict";
import { test } from "node:test";

import { Healing } from "../../../gateway/dashboard/boards/healing.js";

const MINUTE = 60_000;

test("a page without errors that finds back by itself is left alone", () => {
  const healing = new Healing({ now: 0 });
  for (let now = 0; now < 600 * MINUTE; now += MINUTE) {
    healing.connection(now % (10 * MINUTE) < 4 * MINUTE ? "resuming" : "live", now);
    assert.equal(healing.wanted(now), false);
  }
  for (const state of ["stale", "denied", "origin"]) {
    healing.connection(state, 600 * MINUTE);
    healing.connection(state, 900 * MINUTE);
    assert.equal(healing.wanted(900 * MINUTE), false, state);
  }
});

test("one that is lost for long is loaded anew", () => {
  const healing = new Healing({ now: 0 });
  healing.connection("resuming", 0);
  healing.connection("offline", 4 * MINUTE);
  assert.equal(healing.wanted(4.9 * MINUTE), false);
  assert.equal(healing.wanted(5 * MINUTE), true);
});

test("an error has it loaded anew, each time later than before, but never much later", () => {
  for (const [tries, minutes] of [[0, 1], [1, 2], [4, 16], [5, 30], [5_000, 30]]) {
    const healing = new Healing({ now: 0, tries });
    healing.failed(0);
    healing.failed(minutes * MINUTE - 1);
    assert.equal(healing.wanted(minutes * MINUTE - 1), false, String(tries));
    assert.equal(healing.wanted(minutes * MINUTE), true, String(tries));
  }
});

test("half an hour of peace is a new beginning", () => {
  const healing = new Healing({ now: 0, tries: 9 });
  healing.connection("live", 30 * MINUTE);
  assert.equal(healing.tries, 9);
  healing.connection("live", 31 * MINUTE);
  assert.equal(healing.tries, 0);
});
