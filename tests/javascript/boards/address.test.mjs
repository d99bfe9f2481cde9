import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_ADDRESS, addressOf, boardAt } from "../../../gateway/dashboard/boards/address.js";
import { BoardError, MOST_ITEMS, boardOf } from "../../../gateway/dashboard/boards/board.js";
import { parse } from "../../../gateway/dashboard/parts/router.js";

// The same numbers on each run.
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const read = (address) => {
  const { name, query } = parse(address);
  return boardAt(name, query);
};
const SIGNS = [..."abcxyz 0189-_.:~,;!%&=+#?/\\\"'<>()[]{}|äß€漢🌬", "!c", "!!s", "%2C", "&amp;", "\u202e"];
const text = (next, most) => Array.from({ length: 1 + next(most) }, () => SIGNS[next(SIGNS.length)]).join("");

function item(next) {
  const common = { label: next(2) ? text(next, 20) : "", columns: 1 + next(4), rows: 1 + next(2) };
  const [device, metric] = [text(next, 12), text(next, 8)];
  const sources = [
    { topic: `device:${device}`, metric },
    { topic: `weather:${device}`, metric },
    { topic: `metric:${metric}`, device },
    { topic: `compare:a${device}:berlin`, metric: next(2) ? "difference" : null },
  ];
  const source = sources[next(4)];
  const chart = !source.topic.startsWith("compare") && next(2);
  return { ...source, ...common, ...(chart ? { kind: "chart", window: `${1 + next(90)}m` } : { kind: "value" }) };
}

function board(next) {
  const items = Array.from({ length: next(12) }, () => item(next));
  const once = items.filter((each, at) => items.findIndex((other) => other.topic === each.topic) === at);
  return boardOf({ name: `N${text(next, 20)}`, items: once });
}

test("any board comes back from its address as it was", () => {
  const next = numbers(7);
  for (let round = 0; round < 500; round++) {
    const made = board(next);
    const address = addressOf(made, { wall: "1" });
    assert.deepEqual(read(address), { board: made, problems: [] }, address);
    assert.equal(parse(address).query.get("wall"), "1");
    assert.deepEqual(read(new URL(address, "http://x/").hash), { board: made, problems: [] }, "through a browser's parser");
  }
});

test("an address can be read by people, and says only what is not usual", () => {
  const items = [
    { kind: "value", topic: "device:greenhouse-7", metric: "temperature" },
    { kind: "chart", topic: "device:greenhouse-7", metric: "humidity", window: "6h", columns: 2, rows: 1, label: "Air, inside" },
    { kind: "chart", topic: "weather:berlin", metric: "temperature", window: "1h", columns: 2, rows: 2 },
  ];
  const address = addressOf(boardOf({ name: "Greenhouse", items }));
  const told = "value,device:greenhouse-7,temperature;chart,device:greenhouse-7,humidity,,6h,2x1,Air!c+inside";
  assert.equal(address, `#/board/Greenhouse?v=1&items=${told};chart,weather:berlin,temperature`);
});

test("a board of nothing is one, an address without items holds none", () => {
  assert.deepEqual(read(addressOf({ name: "Empty", items: [] })).board, { name: "Empty", items: [] });
  assert.deepEqual(read("#/board/Empty"), { board: null, problems: [] });
});

test("what is wrong is named, and what is right is shown all the same", () => {
  const { board: shown, problems } = read("#/board/x?v=1&items=value,device:a,t;nonsense;value,device:a,t;chart,device:a,t,,99d;value,device:b,t,,,9x9");
  assert.deepEqual(shown.items.map(({ topic }) => topic), ["device:a"]);
  assert.deepEqual(problems.map(({ at, code }) => [at, code]), [[2, "kind"], [3, "there"], [4, "source"], [5, "size"]]);
  const refused = [
    ["version", "#/board/x?v=2&items=value,device:a,t"], ["version", "#/board/x?items=value,device:a,t"],
    ["name", "#/board/?v=1&items=value,device:a,t"], ["name", `#/board/${"x".repeat(61)}?v=1`],
    ["address", `#/board/x?v=1&items=${"x".repeat(MOST_ADDRESS + 1)}`],
  ];
  for (const [code, address] of refused) {
    const { board: none, problems: found } = read(address);
    assert.deepEqual([none, found.map((each) => each.code)], [null, [code]], address);
  }
  const many = Array.from({ length: 500 }, (_, at) => `value,device:a,m${at}`).join(";").slice(0, MOST_ADDRESS);
  const full = read(`#/board/x?v=1&items=${many}`);
  assert.equal(full.board.items.length, MOST_ITEMS);
  assert.deepEqual(full.problems.map(({ code }) => code), ["many"]);
});

test("nothing that an address can hold throws", () => {
  const next = numbers(11);
  const pieces = ["value", "chart", "device:", "metric:", "compare:", "a", ",", ";", "!", "!c", "%", "%00", "%ff", "%ED%A0%80", "<img src=x onerror=alert(1)>",
    "__proto__", "constructor", "1x1", "99x0", "1h", "&", "=", "v=1", "items=", "+", "#", "?", "\u0000", "\ud800", "🌬"];
  for (let round = 0; round < 3_000; round++) {
    const noise = Array.from({ length: next(30) }, () => pieces[next(pieces.length)]).join("");
    const { board: shown, problems } = read(`#/board/x?v=1&items=${noise}`);
    assert.ok(shown === null || shown.items.length + problems.length >= 0);
    for (const problem of problems) assert.ok(problem instanceof BoardError);
    if (shown) assert.deepEqual(read(addressOf(shown)).board, shown);
  }
});

test("a board that would not fit into a link is refused", () => {
  const items = Array.from({ length: 60 }, (_, at) => ({ kind: "value", topic: `device:${at}${"x".repeat(120)}`, metric: "t", label: "ü".repeat(30) }));
  assert.throws(() => addressOf(boardOf({ name: "x", items })), { code: "address" });
});
