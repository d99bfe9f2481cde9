import assert from "node:assert/strict";
import { test } from "node:test";

import { Log } from "../../../gateway/dashboard/alerts/log.js";
import { MOST_RULES, nameOf, placeOf, ruleOf, rulesOf } from "../../../gateway/dashboard/alerts/rule.js";
import { spanText, wholeText } from "../../../gateway/dashboard/alerts/words.js";
import { Format } from "../../../gateway/dashboard/live/format.js";

const given = { id: "1", topic: "device:a", metric: "temperature", label: "a · temperature", unit: "Cel", kind: "above", limit: 30 };

test("a rule has all its members", () => {
  assert.deepEqual(ruleOf(given), { ...given, device: null, back: 0, forS: 0, silentS: null, on: true });
  const silent = { ...given, kind: "silent", silentS: 60, limit: 5, on: false };
  assert.deepEqual(ruleOf(silent), { ...given, device: null, kind: "silent", limit: null, back: 0, forS: 0, silentS: 60, on: false });
});

test("what is no rule says what is wrong with it", () => {
  const wrong = [
    ["source", { id: "" }], ["source", { topic: "feed:x" }], ["source", { metric: 7 }], ["source", { device: {} }],
    ["kind", { kind: "equal" }], ["limit", { limit: null }], ["limit", { limit: NaN }], ["limit", { limit: "30" }],
    ["back", { back: -1 }], ["back", { back: Infinity }], ["for", { forS: 86_401 }], ["for", { forS: "1" }],
    ["silent", { kind: "silent" }], ["silent", { kind: "silent", silentS: 4 }], ["silent", { kind: "silent", silentS: 604_801 }],
  ];
  for (const [code, changes] of wrong) assert.throws(() => ruleOf({ ...given, ...changes }), { code }, JSON.stringify(changes));
  for (const none of [null, undefined, 7, "x", []]) assert.throws(() => ruleOf(none), { code: "source" });
});

test("whose value it is stands in the name of a rule, however it is called", () => {
  const named = [
    [{}, "a · temperature"], [{ label: "" }, "a · temperature"], [{ label: "a temperature" }, "a temperature"],
    [{ label: "Air" }, "a · Air"], [{ topic: "weather:berlin", label: "wind" }, "berlin · wind"],
    [{ topic: "metric:temperature", device: "b 1", label: "temperature" }, "b 1 · temperature"],
    [{ topic: "compare:a:berlin", metric: "difference", label: "" }, "a, berlin · temperature"],
  ];
  for (const [changes, name] of named) {
    assert.equal(ruleOf({ ...given, ...changes }).label, name);
    assert.equal(nameOf({ ...given, ...changes }), name);
  }
});

test("of what is kept the readable is taken, once and no more than there may be", () => {
  assert.deepEqual(rulesOf([null, given, { ...given, limit: 31 }, { id: "2" }]).map(({ limit }) => limit), [31]);
  assert.equal(rulesOf(Array.from({ length: 99 }, (_, id) => ({ ...given, id: String(id + 1) }))).length, MOST_RULES);
  for (const none of [null, 7, "x", {}]) assert.deepEqual(rulesOf(none), []);
});

test("a device's value is found by the device's topic, whatever topic it comes of", () => {
  assert.equal(placeOf({ topic: "metric:t", metric: "t", device: "a" }), placeOf({ topic: "device:a", metric: "t" }));
  assert.notEqual(placeOf({ topic: "device:a", metric: "t" }), placeOf({ topic: "device:a", metric: "u" }));
});

test("rules are told in the viewer's language", () => {
  const rule = ruleOf({ ...given, limit: 30.5, back: 2, forS: 90 });
  assert.equal(wholeText(new Format("en"), rule), "above 30.5 °C, for at least 90 sec, until it is back at 28.5 °C");
  assert.equal(wholeText(new Format("de"), rule), "über 30,5 °C, mindestens 90 Sek., bis es wieder bei 28,5 °C ist");
  assert.equal(spanText(new Format("en"), 300), "5 min");
});

test("the log has one entry for each time, the newest first, and ends", () => {
  const log = new Log("nothing that was kept");
  const rule = ruleOf(given);
  assert.equal(log.raised(rule, 5), true);
  assert.equal(log.raised(rule, 6), false, "another tab has said so");
  assert.equal(log.raisedAt("1"), 5);
  assert.equal(log.ended("1", 3), true);
  assert.equal(log.ended("1", 9), false);
  assert.deepEqual(log.of("1").map(({ from, to }) => [from, to]), [[5, 5]]);
  for (let at = 10; at < 40; at++) {
    log.raised(rule, at);
    log.ended("1", at);
  }
  assert.deepEqual(log.of("1").map(({ from }) => from), [39, 38, 37, 36, 35, 34, 33, 32, 31, 30]);
  for (let id = 0; id < 200; id++) log.raised({ ...rule, id: `x${id}` }, id);
  assert.equal(log.entries.length, 100);
  assert.deepEqual(new Log([...log.entries.slice(0, 2), null, { id: "1" }]).entries, log.entries.slice(0, 2));
});
