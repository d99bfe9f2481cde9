import assert from "node:assert/strict";
import { test } from "node:test";

import { Evaluation } from "../../../gateway/dashboard/alerts/evaluation.js";

const above = (more = {}, raisedAt = null) => new Evaluation({ kind: "above", limit: 30, back: 0, forS: 0, silentS: null, ...more }, raisedAt);
const silent = (raisedAt = null) => new Evaluation({ kind: "silent", limit: null, back: 0, forS: 0, silentS: 60 }, raisedAt);
const on = (at) => ({ raised: true, at });
const over = (at) => ({ raised: false, at });
// [value, at]: a reading that comes at once; [null, at]: time passes.
const play = (evaluation, steps) => steps.flatMap(([value, at]) => (
  value === null ? evaluation.tick(at, null) : [...evaluation.reading(value, at, at), ...evaluation.tick(at, null)]));

test("above is above, and over when it is no longer", () => {
  const evaluation = above();
  assert.deepEqual(play(evaluation, [[30, 1], [30.1, 2], [31, 3], [30, 4], [29, 5]]), [on(2), over(4)]);
  assert.equal(evaluation.state, "fine");
});

test("below is below", () => {
  const evaluation = above({ kind: "below", limit: 5, back: 1 });
  assert.deepEqual(play(evaluation, [[5, 1], [4.9, 2], [5.5, 3], [6, 4]]), [on(2), over(4)]);
});

test("a value about its limit does not flicker: it has to come back by so much", () => {
  const evaluation = above({ back: 2 });
  assert.deepEqual(play(evaluation, [[31, 1], [29, 2], [30.5, 3], [28.1, 4], [28, 5], [29.9, 6], [30.1, 7]]), [on(1), over(5), on(7)]);
});

test("for so long at least: a peak is no alarm, and time alone makes it one", () => {
  const evaluation = above({ forS: 10 });
  assert.deepEqual(play(evaluation, [[31, 1_000], [29, 5_000], [31, 6_000], [null, 15_999]]), []);
  assert.equal(evaluation.state, "waiting");
  assert.deepEqual(play(evaluation, [[null, 16_500]]), [on(16_000)]);
  assert.deepEqual(play(evaluation, [[29, 20_000]]), [over(20_000)]);
});

test("readings that a resume brings count for when they were measured", () => {
  const evaluation = above({ forS: 10 });
  play(evaluation, [[20, 1_000]]);
  assert.deepEqual(evaluation.tick(2_000, "resuming"), []);
  const missed = [[31, 10_000], [32, 25_000], [20, 40_000], [33, 50_000]];
  const events = missed.flatMap(([value, at]) => evaluation.reading(value, at, 55_000));
  assert.deepEqual(events, [on(20_000), over(40_000)]);
  assert.deepEqual(evaluation.tick(55_000, null), []);
  assert.deepEqual(evaluation.tick(61_000, null), [on(60_000)]);
});

test("a reading that comes late changes nothing", () => {
  const evaluation = above();
  assert.deepEqual(play(evaluation, [[20, 10]]), []);
  assert.deepEqual(evaluation.reading(40, 9, 11), []);
  assert.equal(evaluation.state, "fine");
});

test("nothing is well, and nothing goes off, while nothing can be known", () => {
  const evaluation = above({ forS: 10 });
  assert.equal(evaluation.state, "unknown");
  play(evaluation, [[31, 1_000]]);
  for (const reason of ["resuming", "offline", "server", "silent", "denied"]) {
    assert.deepEqual(evaluation.tick(60_000, reason), []);
    assert.deepEqual([evaluation.state, evaluation.unknown], ["unknown", reason]);
  }
  assert.deepEqual(evaluation.tick(61_000, null), [on(11_000)]);
  evaluation.tick(62_000, "resuming");
  assert.deepEqual([evaluation.state, evaluation.raisedAt], ["unknown", 11_000]);
  assert.deepEqual(evaluation.reading(20, 63_000, 63_000), [over(63_000)]);
});

test("without a number there is nothing to compare", () => {
  const evaluation = above({ limit: 0 });
  evaluation.tick(1, null);
  assert.equal(evaluation.unknown, "nothing");
  play(evaluation, [["open", 2]]);
  assert.deepEqual([evaluation.state, evaluation.unknown], ["unknown", "text"]);
  assert.deepEqual(play(evaluation, [[true, 3], ["open", 4], [false, 5]]), [on(3), over(5)]);
});

test("silence is told once it has lasted, and not for what comes right after a resume", () => {
  const evaluation = silent();
  assert.deepEqual(play(evaluation, [[1, 1_000], [null, 61_000]]), []);
  assert.equal(evaluation.state, "fine");
  assert.deepEqual(play(evaluation, [[null, 61_001]]), [on(61_000)]);
  assert.deepEqual(play(evaluation, [["any text", 90_000]]), [over(90_000)]);
  assert.deepEqual(evaluation.tick(100_000, "resuming"), []);
  assert.equal(evaluation.state, "unknown");
  assert.deepEqual(evaluation.tick(900_000, null), [], "what was missed is on its way");
  assert.deepEqual(evaluation.reading(1, 880_000, 901_000), []);
  assert.deepEqual(evaluation.tick(930_000, null), []);
  assert.deepEqual(evaluation.tick(941_000, null), [on(940_000)]);
});

test("an old reading that comes from a buffer does not end a silence", () => {
  const evaluation = silent();
  assert.deepEqual(play(evaluation, [[1, 1_000], [null, 100_000]]), [on(61_000)]);
  assert.deepEqual(evaluation.reading(1, 20_000, 100_000), []);
  assert.deepEqual(evaluation.reading(1, 60_000, 101_000), [over(60_000)]);
});

test("what was never heard is silent too, from when it was listened for", () => {
  const evaluation = silent();
  assert.deepEqual(play(evaluation, [[null, 5_000]]), []);
  assert.deepEqual([evaluation.state, evaluation.unknown], ["unknown", "nothing"]);
  assert.deepEqual(play(evaluation, [[null, 65_001]]), [on(65_000)]);
  assert.equal(evaluation.state, "on");
});

test("of the past only what still counts is told", () => {
  const past = [[20, 1], [40, 2], [20, 3], [40, 4], [41, 5]];
  assert.deepEqual(above().begin(past, 9), [on(4)]);
  assert.deepEqual(above().begin(past.slice(0, 3), 9), []);
  assert.deepEqual(above({}, 2).begin(past, 9), [over(3), on(4)], "it had gone off, and was over, and has gone off again");
  assert.deepEqual(above({}, 4).begin(past, 9), [], "it had gone off already");
  assert.deepEqual(above({}, 4).begin([...past, [20, 6]], 9), [over(6)]);
  assert.equal(above({}, 99).begin([[20, 98]], 99).length, 1);
});
