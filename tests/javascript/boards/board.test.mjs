import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_ITEMS, add, boardOf, change, find, itemOf, move, nameOf, remove, resize } from "../../../gateway/dashboard/boards/board.js";
import { labelOf } from "../../../gateway/dashboard/boards/words.js";

const value = (metric) => ({ kind: "value", topic: "device:a", metric });
const empty = { name: "Board", items: [] };
const made = (...metrics) => metrics.reduce((board, metric) => add(board, value(metric)), empty);
const order = (board) => board.items.map(({ metric }) => metric).join("");

test("an item has all its members, and a size of its kind", () => {
  assert.deepEqual(itemOf({ kind: "chart", topic: "metric:temperature", device: "a", extra: 1 }), {
    kind: "chart", topic: "metric:temperature", metric: "temperature", device: "a", window: "1h", label: "", columns: 2, rows: 2,
  });
  assert.deepEqual(itemOf({ kind: "value", topic: "compare:a:berlin", window: "6h", label: " a\nb\u0000 " }), {
    kind: "value", topic: "compare:a:berlin", metric: null, device: null, window: null, label: "a b", columns: 1, rows: 1,
  });
});

test("what is no item says what is wrong with it", () => {
  const wrong = [
    ["item", null], ["item", "value"], ["kind", {}], ["kind", { kind: "constructor" }], ["kind", { kind: "<script>" }],
    ["source", { kind: "value" }], ["source", { kind: "value", topic: "feed:x", metric: "y" }],
    ["source", { kind: "chart", topic: "compare:a:berlin" }],
    ["source", { ...value("t"), kind: "chart", window: "8d" }], ["source", { ...value("t"), kind: "chart", window: {} }],
    ["item", { kind: "value", topic: ["device:a"], metric: "t" }], ["long", value("x".repeat(129))],
    ["long", { ...value("t"), topic: `device:${"x".repeat(300)}` }],
    ["size", { ...value("t"), columns: 5 }], ["size", { ...value("t"), rows: 3 }], ["size", { ...value("t"), rows: "1" }],
    ["size", { ...value("t"), columns: 1.5 }],
  ];
  for (const [code, given] of wrong) assert.throws(() => itemOf(given), { code }, JSON.stringify(given));
});

test("a board is named, and holds so many items and each only once", () => {
  for (const name of ["", "  ", "\u0007", null, "x".repeat(61)]) assert.throws(() => nameOf(name), { code: "name" });
  for (const code of [0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069]) {
    const sign = String.fromCodePoint(code);
    assert.equal(nameOf(`House${sign} 2`), "House 2");
    assert.equal(itemOf({ ...value("a"), label: `${sign}Air` }).label, "Air");
    assert.equal(labelOf({ topic: `device:${sign}a`, metric: `b${sign}`, device: null, label: "" }), "a · b");
    assert.throws(() => nameOf(sign), { code: "name" });
  }
  assert.equal(nameOf("Half \ud800 a sign"), "Half \ufffd a sign");
  const full = made(...Array.from({ length: MOST_ITEMS }, (_, at) => `m${at}`));
  assert.throws(() => add(full, value("one_more")), { code: "many" });
  assert.throws(() => boardOf({ name: "x", items: [...full.items, value("z")] }), { code: "many" });
  assert.throws(() => add(made("a"), { ...value("a"), label: "the same", columns: 3 }), { code: "there" });
  assert.equal(find(made("a", "b"), itemOf(value("b"))), 1);
});

test("items are moved within the board, and no further", () => {
  const board = made("a", "b", "c", "d");
  assert.equal(order(move(board, 0, 2)), "bcad");
  assert.equal(order(move(board, 3, 1)), "adbc");
  assert.equal(order(move(board, 1, -5)), "bacd");
  assert.equal(order(move(board, 1, 99)), "acdb");
  for (const [from, to] of [[0, 0], [3, 9], [7, 1], [-1, 1]]) assert.equal(move(board, from, to), board);
  assert.equal(order(board), "abcd");
});

test("sizes stay within the grid, and a change that changes nothing is none", () => {
  const board = made("a");
  const { columns, rows } = resize(resize(board, 0, 9, 9), 0, 0, 0).items[0];
  assert.deepEqual([columns, rows], [4, 2]);
  assert.equal(resize(board, 0, -1, -1), board);
  assert.equal(resize(board, 5, 1, 1), board);
  assert.equal(change(board, 0, { label: "" }), board);
  assert.equal(change(board, 0, { label: "Air" }).items[0].label, "Air");
  assert.throws(() => change(board, 0, { metric: null }), { code: "source" });
  assert.equal(order(remove(made("a", "b", "c"), 1)), "ac");
  assert.equal(remove(board, 3), board);
});
