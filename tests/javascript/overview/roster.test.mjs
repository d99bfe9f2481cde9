import assert from "node:assert/strict";
import { test } from "node:test";

import { Roster } from "../../../gateway/dashboard/views/overview/roster.js";

const NOW = 1_760_000_900_000;
const row = (device, values, { ts = NOW - 1_000, tags = {} } = {}) => ({
  device,
  ts,
  last_seen: ts + 100,
  tags,
  latest: Object.fromEntries(Object.entries(values).map(([metric, value]) => [metric, { value, ts }])),
});
const reading = (device, values, ts, more = {}) => ({ device, ts, values, ...more });
const window = (series, to = NOW) => ({ from: to - 900_000, to, truncated: false, series });
const valueOf = (roster, device, metric) => roster.devices.get(device).values.get(metric).value;

test("list, snapshot and publications come in any order, and no late one turns a value back", () => {
  const roster = new Roster();
  roster.publication(reading("a", { t: 3 }, NOW), NOW);
  roster.listed([row("a", { t: 1, h: 40 }), row("b", { t: 9 })], NOW, NOW);
  roster.snapshot({ window: window([{ device: "a", metric: "t", points: [[NOW - 2_000, 2]] }]), latest: [row("a", { t: 2 })] }, 60, NOW);
  roster.publication(reading("a", { t: 0 }, NOW - 5_000), NOW);
  assert.deepEqual([valueOf(roster, "a", "t"), valueOf(roster, "a", "h"), valueOf(roster, "b", "t")], [3, 40, 9]);
  roster.publication(reading("a", { t: 4 }, NOW + 1, { units: { t: "Cel" } }), NOW);
  roster.publication(reading("a", { t: 5 }, NOW + 2), NOW);
  assert.deepEqual(roster.devices.get("a").values.get("t"), { value: 5, ts: NOW + 2, unit: "Cel" });
});

test("who is new is told, with the version of what can be searched for", () => {
  const changed = [];
  const roster = new Roster((id) => changed.push(id));
  const heard = [];
  roster.heardOfNew = (id) => heard.push(id);
  roster.listed([row("a", { t: 1 }, { tags: { site: "north" } })], NOW, NOW);
  const { version } = roster;
  roster.publication(reading("a", { t: 2 }, NOW, { tags: { site: "north" } }), NOW);
  assert.deepEqual([roster.version, heard], [version, []]);
  roster.publication(reading("new", { t: 2 }, NOW), NOW);
  assert.ok(roster.version > version);
  assert.deepEqual([heard, changed], [["new"], ["a", "a", "new"]]);
  assert.deepEqual(roster.devices.get("a").tags, ["site:north"]);
});

test("one that is in the list no more is gone, unless it still speaks", () => {
  const roster = new Roster();
  roster.listed([row("gone", { t: 1 }, { ts: NOW - 3_600_000 }), row("kept", { t: 1 }, { ts: NOW - 3_600_000 })], NOW, NOW);
  roster.publication(reading("speaks", { t: 1 }, NOW), NOW);
  roster.completed(new Set(["kept"]), NOW);
  assert.deepEqual([...roster.devices.keys()], ["kept", "speaks"]);
});

test("the past and what is live make one line, whichever came first", () => {
  const roster = new Roster();
  const past = Array.from({ length: 10 }, (_, at) => [NOW - 10_000 + at * 1_000, at]);
  roster.publication(reading("a", { t: 10 }, NOW), NOW);
  roster.snapshot({ window: window([{ device: "a", metric: "t", points: past }]), latest: [] }, 60, NOW);
  roster.publication(reading("a", { t: 11 }, NOW + 1_000), NOW + 1_000);
  roster.publication(reading("a", { t: 11 }, NOW + 1_000), NOW + 1_000); // by another topic too
  const line = roster.devices.get("a").lines.get("t");
  assert.deepEqual(line.values, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  // A thin snapshot does not take away what is known, and adds what is newer.
  roster.snapshot({ window: window([{ device: "a", metric: "t", points: [[NOW - 9_000, 1], [NOW + 3_000, 13]] }]), latest: [] }, 60, NOW);
  assert.deepEqual(line.values.slice(-3), [10, 11, 13]);
});

test("how often one speaks is learned from the past, also where that was thinned out", () => {
  const series = (device, metric, count, step) => ({
    device,
    metric,
    points: Array.from({ length: count }, (_, at) => [NOW - (count - at) * step, at % 7]),
  });
  const learned = (series, asked) => {
    const roster = new Roster();
    roster.snapshot({ window: window(series), latest: [row("a", { t: 1 })] }, asked, NOW);
    return roster.devices.get("a").freshness.silentMs;
  };
  assert.equal(learned([series("a", "t", 30, 20_000), series("a", "battery", 3, 200_000)], 60), 60_000);
  assert.equal(learned([series("a", "t", 60, 15_000)], 60), 45_000);
  assert.equal(learned([series("a", "t", 60, 5_000)], 60), 15_000);
  assert.equal(learned([series("a", "t", 5, 100_000)], 5), 120_000); // so few tell nothing
});

test("it is bounded: metrics of a device, lines, points", () => {
  const roster = new Roster();
  for (let at = 0; at < 500; at++) {
    roster.publication(reading("a", { [`m${at}`]: at, same: at, text: "x" }, NOW + at), NOW + at);
  }
  const device = roster.devices.get("a");
  assert.equal(device.values.size, 200);
  assert.equal(device.lines.size, 8);
  assert.ok([...device.lines.values()].every(({ length }) => length <= 96));
  assert.equal(device.lines.get("same").values.at(-1), 499);
});

test("what is measured stands first, and the line is that of the first that moves, or of the one that is wanted", () => {
  const roster = new Roster();
  for (let at = 0; at < 5; at++) {
    const units = { battery: "V", temperature: "Cel", area: "m2" };
    roster.publication(reading("a", { battery: at, door: at % 2 === 0, temperature: at, area: 7 }, NOW + at, { units }), NOW);
  }
  const device = roster.devices.get("a");
  assert.deepEqual(device.metrics, ["area", "temperature", "door", "battery"]);
  assert.deepEqual([device.shownLine(""), device.shownLine("battery"), device.shownLine("none")], ["temperature", "battery", "temperature"]);
});

test("of more devices than there may be it is known that there are more, until some are gone", () => {
  const roster = new Roster(() => {}, 2);
  roster.listed([row("a", { t: 1 }, { ts: NOW - 3_600_000 }), row("b", { t: 1 })], NOW, NOW);
  assert.equal(roster.full, false);
  roster.publication(reading("c", { t: 1 }, NOW), NOW);
  assert.deepEqual([roster.full, [...roster.devices.keys()]], [true, ["a", "b"]]);
  roster.publication(reading("a", { t: 2 }, NOW - 3_000_000), NOW);
  roster.completed(new Set(["b", "c"]), NOW);
  assert.deepEqual([roster.full, [...roster.devices.keys()]], [false, ["b"]]);
});
