import assert from "node:assert/strict";
import { test } from "node:test";

import { Present } from "../../../gateway/dashboard/live/present.js";

const SERVER_AHEAD = 700;

function machine() {
  const world = { at: 1_000_000, viewer: 0 };
  const present = new Present(() => world.at + world.viewer);
  const ask = (tripMs = 40) => {
    const asked = present.now();
    world.at += tripMs / 2;
    const server = world.at + SERVER_AHEAD;
    world.at += tripMs / 2;
    present.compare(server, asked, present.now());
  };
  return { world, present, ask };
}

test("a clock that is set anew, ahead or back, is no time that went by", () => {
  for (const set of [3 * 3_600_000, -3 * 3_600_000]) {
    const { world, present, ask } = machine();
    ask();
    world.at += 5_000;
    world.viewer = set;
    ask();
    assert.equal(present.now(), world.at);
    world.at += 5_000;
    ask(300);
    assert.equal(present.now(), world.at);
  }
});

test("a sleep is time that went by", () => {
  const { world, present, ask } = machine();
  ask();
  world.at += 8 * 3_600_000;
  ask();
  assert.equal(present.now(), world.at);
});

test("a slow answer, or a clock that was set while it was waited for, says nothing; the next one does", () => {
  const { world, present, ask } = machine();
  ask();
  ask(9_000);
  assert.equal(present.now(), world.at);
  const asked = present.now();
  world.viewer = 60_000;
  present.compare(world.at + SERVER_AHEAD, asked, present.now());
  ask();
  assert.equal(present.now(), world.at);
});
