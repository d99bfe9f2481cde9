import assert from "node:assert/strict";
import { test } from "node:test";

import {
  drawnOf, kindOf, namesOf, namesToText, pageOf, ranked, shareOf, statsOf, unitOf, unitsOf,
} from "../../../gateway/dashboard/views/metric/ranking.js";
import { href, parse } from "../../../gateway/dashboard/parts/router.js";

const row = (device, value, unit = "°C") => ({ device, value, unit, ageMs: 0 });
const names = (rows) => rows.map(({ device }) => device).join(" ");
const ROWS = [row("b", 2), row("a", 2), row("c", -1), row("d", 40, "°F"), row("e", "off", ""), row("f", true, "")];

test("devices are ranked by value, those of the same value by name, texts last", () => {
  assert.equal(names(ranked(ROWS, { sort: "highest" })), "d a b f c e");
  assert.equal(names(ranked(ROWS, { sort: "lowest" })), "c f a b d e");
  assert.equal(names(ranked(ROWS, { sort: "name" })), "a b c d e f");
  assert.equal(names(ranked(ROWS, { sort: "what?" })), "d a b f c e");
});

test("what was heard last stands first", () => {
  const ages = new Map(ROWS.map(({ device }, at) => [device, at * 1_000]));
  assert.equal(names(ranked(ROWS, { sort: "seen", ageOf: ({ device }) => ages.get(device) })), "b a c d e f");
});

test("the search looks into names, and units are told apart", () => {
  const rows = [row("Hall-1", 1), row("hall-2", 2, "°F"), row("attic", 3)];
  assert.equal(names(ranked(rows, { sort: "lowest", search: " HALL" })), "Hall-1 hall-2");
  assert.equal(names(ranked(rows, { sort: "lowest", unit: "°C" })), "Hall-1 attic");
  assert.deepEqual(unitsOf(rows), [{ unit: "°C", count: 2 }, { unit: "°F", count: 1 }]);
  assert.deepEqual(unitsOf([{ unit: undefined }, { unit: "" }]), [{ unit: "", count: 2 }]);
});

test("devices without a unit can be chosen by the address, and stay so", () => {
  const units = unitsOf([row("a", 1), row("b", 2), row("c", 3, "")]);
  for (const unit of ["", "°C", "a & b"]) {
    const { name, query } = parse(href("metric", "level", { unit, sort: null }));
    assert.deepEqual([name, query.get("unit"), query.has("sort")], ["level", unit, false]);
    assert.equal(unitOf(units, query.get("unit")), unit === "a & b" ? "°C" : unit);
  }
  assert.equal(unitOf(units, parse(href("metric", "level", { unit: null })).query.get("unit")), "°C");
  assert.equal(unitOf([], ""), "");
});

test("numbers and switches count, texts do not", () => {
  assert.deepEqual(statsOf([row("a", 1), row("b", true), row("c", "x"), row("d", 4)]), { lowest: 1, highest: 4, mean: 2, count: 3 });
  assert.equal(statsOf([row("c", "x")]), null);
});

test("a bar is as long as the value is far from the lowest to the highest", () => {
  const stats = { lowest: 10, highest: 20 };
  assert.deepEqual([10, 15, 20, 99].map((value) => shareOf(value, stats)), [0, 0.5, 1, 1]);
  assert.equal(shareOf("x", stats), null);
  assert.equal(shareOf(3, { lowest: 3, highest: 3 }), 1);
  assert.equal(shareOf(3, null), null);
});

test("the first of the list have lines, or those that were chosen", () => {
  const order = ranked(ROWS, { sort: "lowest" });
  assert.deepEqual(drawnOf(order, null, 2), ["c", "f"]);
  assert.deepEqual(drawnOf(order, null, 99), ["c", "f", "a", "b", "d"]);
  assert.deepEqual(drawnOf(order, ["d", "a", "b"], 2), ["d", "a"]);
});

test("a page that is not there is the nearest that is", () => {
  assert.deepEqual(pageOf(101, 2, 50), { page: 2, pages: 3, from: 50, to: 100 });
  assert.deepEqual(pageOf(101, 9, 50), { page: 3, pages: 3, from: 100, to: 101 });
  assert.deepEqual(pageOf(0, 1, 50), { page: 1, pages: 1, from: 0, to: 0 });
  assert.equal(pageOf(10, -4, 50).page, 1);
});

test("names go into an address and come back, whatever is in them", () => {
  const all = ["a,b", "100%", "ü", "x"];
  assert.deepEqual(namesOf(namesToText(all)), all);
  assert.deepEqual(namesOf("x,x,%"), ["x"]);
  assert.equal(namesOf(""), null);
  assert.equal(namesOf(null), null);
  assert.equal(namesToText(null), null);
});

test("values are numbers, switches or texts", () => {
  const kind = (...values) => kindOf(values.map((value) => ({ value })));
  assert.deepEqual([kind(), kind(1, "x"), kind(true, 2), kind(null, 2)], ["number", "number", "number", "number"]);
  assert.deepEqual([kind(false, true), kind("eco"), kind("eco", false)], ["switch", "text", "number"]);
});
