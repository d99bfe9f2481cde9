import assert from "node:assert/strict";
import { test } from "node:test";

import { Join } from "../../../gateway/dashboard/live/join.js";

class Told {
  all = [];

  snapshot(data) {
    this.all = [...data];
  }

  publication(data) {
    this.all.push(data);
  }
}

const joined = (filtered = false) => {
  const told = new Told();
  return { told, join: new Join(told, filtered) };
};
const at = (offset, epoch = "a") => ({ epoch, offset });

test("what is in the snapshot does not come again, and nothing is left out", () => {
  const { told, join } = joined();
  join.subscribed(at(3), [1, 2, 3], false);
  for (const offset of [2, 3, 4, 4, 5]) join.publication({ offset, data: offset });
  assert.deepEqual(told.all, [1, 2, 3, 4, 5]);
  assert.equal(join.gaps, 0);
});

test("a resume goes on where it was left: no snapshot, nothing twice", () => {
  const { told, join } = joined();
  join.subscribed(at(1), [1], false);
  join.publication({ offset: 2, data: 2 });
  join.subscribed(at(2), undefined, true);
  for (const offset of [3, 4]) join.publication({ offset, data: offset });
  assert.deepEqual(told.all, [1, 2, 3, 4]);
});

test("what cannot be resumed begins anew with a snapshot, also under another epoch with lower offsets", () => {
  const { told, join } = joined();
  join.subscribed(at(7), [6, 7], false);
  join.subscribed(at(2, "b"), [1, 2], false);
  join.publication({ offset: 3, data: 3 });
  assert.deepEqual(told.all, [1, 2, 3]);
});

test("before the first snapshot nothing is taken", () => {
  const { told, join } = joined();
  assert.equal(join.publication({ offset: 1, data: 1 }), false);
  assert.deepEqual(told.all, []);
});

test("a jump is counted, unless a filter leaves others out", () => {
  for (const filtered of [false, true]) {
    const { told, join } = joined(filtered);
    join.subscribed(at(0), [], false);
    join.publication({ offset: 3, data: 3 });
    assert.deepEqual(told.all, [3]);
    assert.equal(join.gaps, filtered ? 0 : 1);
  }
});

test("of a resume it counts what was missed, with what is conflated, and no more", () => {
  const { join } = joined();
  assert.equal(join.subscribed(at(1), [1], false), "first");
  join.publication({ offset: 2, data: 2 });
  assert.deepEqual([...join.missed], []);
  assert.equal(join.subscribed(at(2), { top: 5 }, true), "resumed");
  assert.equal(join.catchingUp, true);
  join.publication({ offset: 4, data: 4, tags: { conflated: "1" } });
  join.publication({ offset: 5, data: 5 });
  assert.equal(join.catchingUp, false);
  join.publication({ offset: 6, data: 6 });
  assert.deepEqual([[...join.missed], join.gaps], [[["", 3]], 0]);
  assert.equal(join.subscribed(at(0, "b"), [], true), "anew");
  assert.deepEqual([join.missed.size, join.catchingUp], [0, false]);
});

test("a server that does not tell how far it goes back is believed as far as its reply", () => {
  const { join } = joined();
  join.subscribed(at(1), [1], false);
  join.subscribed(at(1), undefined, true);
  assert.equal(join.catchingUp, false);
  join.publication({ offset: 2, data: 2 });
  assert.deepEqual([...join.missed], [["", 1]]);
});

test("what has no offset is passed on as it comes, and changes nothing for what has one", () => {
  const { told, join } = joined();
  join.subscribed(at(3), [1, 2, 3], false);
  for (const offset of [4, undefined, 4, 5]) join.publication({ offset, data: offset ?? "passing" });
  assert.deepEqual(told.all, [1, 2, 3, 4, "passing", 5]);
  assert.equal(join.gaps, 0);
  const derived = joined();
  derived.join.subscribed(undefined, [], false);
  derived.join.publication({ data: "now" });
  assert.deepEqual(derived.told.all, ["now"]);
});
