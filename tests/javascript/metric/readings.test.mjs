import assert from "node:assert/strict";
import { test } from "node:test";

import { slotsOf } from "../../../gateway/dashboard/views/metric/lines.js";
import { readFleet } from "../../../gateway/dashboard/views/metric/fleet.js";
import { MOST_DEVICES, Readings } from "../../../gateway/dashboard/views/metric/readings.js";

const NOW = 1_760_000_000_000;
const series = (device, ...points) => ({ device, metric: "temperature", points });
const message = (device, temperature, ts) => ({ device, temperature, ts });
const told = (device, value, ts, unit = "Cel") => ({ device, last_seen: ts, ts, latest: { temperature: { value, ts, unit } }, tags: {} });

function snapshot(latest, all = [], more = {}) {
  return { window: { from: NOW - 900_000, to: NOW, truncated: false, series: all, ...more }, latest };
}

function readings() {
  return new Readings("temperature", 900_000);
}

test("a snapshot brings values and points, and readings go on from there", () => {
  const all = readings();
  all.snapshot(snapshot([message("a", 2, NOW - 5_000)], [series("a", [NOW - 10_000, 1], [NOW - 5_000, 2])]), NOW);
  assert.equal(all.publication(message("a", 3, NOW), NOW), "a");
  assert.deepEqual(all.pointsOf("a").values, [1, 2, 3]);
  assert.equal(all.rows.get("a").value, 3);
  assert.equal(all.publication({ device: "a", humidity: 1, ts: NOW }, NOW), null);
});

test("a late reading is a point, and not the newest value", () => {
  const all = readings();
  all.publication(message("a", 3, NOW), NOW);
  all.publication(message("a", 2, NOW - 1_000), NOW);
  assert.equal(all.rows.get("a").value, 3);
  assert.deepEqual(all.pointsOf("a").values, [2, 3]);
});

test("devices that the topic told of stay, also where a viewer may not list them", () => {
  const all = readings();
  all.told(told("b", 1, NOW - 60_000), NOW);
  all.snapshot(snapshot([message("a", 2, NOW - 5_000)], [series("a", [NOW - 5_000, 2])]), NOW);
  all.completed(new Set(), NOW + 1);
  assert.deepEqual([...all.rows.keys()], ["a"]);
  assert.deepEqual(all.pointsOf("a").values, [2]);
});

test("units come with the devices, and stay", () => {
  const all = readings();
  all.publication(message("a", 3, NOW), NOW);
  assert.equal(all.rows.get("a").unit, undefined);
  assert.equal(all.told(told("a", 2, NOW - 9_000), NOW), true);
  assert.deepEqual([all.rows.get("a").unit, all.rows.get("a").value], ["°C", 3]);
  all.publication(message("a", 4, NOW + 1_000), NOW + 1_000);
  assert.equal(all.rows.get("a").unit, "°C");
  all.told(told("b", 1, NOW, null), NOW);
  assert.equal(all.rows.get("b").unit, "");
  assert.equal(all.told({ device: "c", ts: NOW, latest: { humidity: { value: 1, ts: NOW } } }, NOW), false);
  assert.equal(all.rows.has("c"), false);
});

test("a reading brings its unit, and all points of a device are in the unit of the newest", () => {
  const all = readings();
  const points = { ...series("a", [NOW - 10_000, 10], [NOW - 5_000, 20]), unit: "Cel" };
  all.snapshot(snapshot([{ ...message("a", 20, NOW - 5_000), unit: "Cel" }], [points]), NOW);
  assert.deepEqual([all.rows.get("a").unit, all.unitOf("a")], ["°C", "°C"]);
  all.publication({ ...message("a", 68, NOW), unit: "[degF]" }, NOW);
  assert.deepEqual([all.pointsOf("a").values, all.rows.get("a").unit, all.unitOf("a")], [[50, 68, 68], "°F", "°F"]);
  all.publication({ ...message("a", 0, NOW - 7_000), unit: "Cel" }, NOW); // late
  assert.deepEqual([all.pointsOf("a").values, all.rows.get("a").unit, all.rows.get("a").value], [[50, 32, 68, 68], "°F", 68]);
  all.told(told("a", 21, NOW + 5_000, "Cel"), NOW); // its points are not yet told in that
  assert.deepEqual([all.rows.get("a").unit, all.unitOf("a")], ["°C", "°F"]);
});

test("a late reading in another unit, of a device without points, is in one scale with what follows", () => {
  const all = readings();
  all.snapshot(snapshot([{ ...message("a", 20, NOW - 5_000), unit: "Cel" }]), NOW);
  all.publication({ ...message("a", 68, NOW - 7_000), unit: "[degF]" }, NOW);
  assert.deepEqual([all.pointsOf("a").values, all.unitOf("a"), all.rows.get("a").unit], [[68], "°F", "°C"]);
  all.publication({ ...message("a", 20, NOW), unit: "Cel" }, NOW);
  assert.deepEqual([all.pointsOf("a").values.map(Math.round), all.unitOf("a")], [[20, 20], "°C"]);
});

test("a metric called unit has none", () => {
  const all = new Readings("unit", 900_000);
  all.publication({ device: "a", unit: 7, ts: NOW }, NOW);
  assert.deepEqual([all.rows.get("a").value, all.unitOf("a"), all.pointsOf("a").values], [7, "", [7]]);
});

test("a device that the topic's snapshot does not know is as old as the server says", () => {
  const all = readings();
  all.snapshot(snapshot([]), NOW + 60_000); // the viewer's clock is a minute ahead
  all.told(told("a", 2, NOW - 30_000), NOW + 60_000);
  assert.equal(all.rows.get("a").freshness.ageMs(NOW + 60_000), 30_000);
});

test("what was sent late is as old as it is", () => {
  const all = readings();
  all.snapshot(snapshot([message("a", 2, NOW - 1_800_000)]), NOW);
  all.told({ ...told("a", 2, NOW - 1_800_000), last_seen: NOW - 3_000 }, NOW);
  assert.equal(all.rows.get("a").freshness.ageMs(NOW), 1_800_000);
  all.publication(message("a", 3, NOW - 1_790_000), NOW + 7_000);
  assert.equal(all.rows.get("a").freshness.ageMs(NOW + 7_000), 0); // its clock is slow
});

test("there are so many devices and no more", () => {
  const all = readings();
  for (let n = 0; n <= MOST_DEVICES; n++) all.publication(message(`d${n}`, n, NOW), NOW);
  assert.deepEqual([all.rows.size, all.full], [MOST_DEVICES, true]);
  assert.equal(all.publication(message("d0", 7, NOW + 1), NOW + 1), "d0");
});

test("of many devices each keeps fewer points", () => {
  const all = readings();
  all.snapshot(snapshot([], Array.from({ length: 5_000 }, (_, n) => series(`d${n}`, [NOW, 1]))), NOW);
  for (let n = 0; n < 999; n++) all.publication(message("d1", n, NOW + n), NOW);
  assert.ok(all.pointsOf("d1").length <= 41);
});

test("a line keeps its slot while it is drawn", () => {
  const first = slotsOf(new Map(), ["a", "b", "c"]);
  assert.deepEqual([...first], [["a", 0], ["b", 1], ["c", 2]]);
  assert.deepEqual([...slotsOf(first, ["c", "d", "b"])].sort(), [["b", 1], ["c", 2], ["d", 0]]);
});

test("all pages of devices are read, and no more than wanted", async () => {
  const names = Array.from({ length: 7 }, (_, n) => ({ device: `d${n}` }));
  const client = {
    rpc: async (_name, { after, limit }) => {
      const from = after === "" ? 0 : names.findIndex(({ device }) => device === after) + 1;
      const devices = names.slice(from, from + Math.min(3, limit));
      return { data: { devices, next: devices.length === Math.min(3, limit) ? devices.at(-1).device : null } };
    },
  };
  const read = [];
  const take = (devices) => read.push(...devices.map(({ device }) => device));
  assert.equal(await readFleet(client, take, { most: 100 }), true);
  assert.deepEqual(read, names.map(({ device }) => device));
  read.length = 0;
  assert.equal(await readFleet(client, take, { most: 4 }), false);
  assert.equal(read.length, 4);
  assert.equal(await readFleet(client, take, { most: 100, ended: () => true }), false);
  assert.equal(read.length, 4);
});
