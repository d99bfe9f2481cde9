import assert from "node:assert/strict";
import { test } from "node:test";

import { Lines, MOST_LINES } from "../../../gateway/dashboard/views/metric/lines.js";
import { MetricSource } from "../../../gateway/dashboard/views/metric/source.js";
import { settled } from "../live/fake_client.mjs";

const NOW = 1_760_000_000_000;
const nameOf = (n) => `d${String(n).padStart(3, "0")}`;
const FLEET = Array.from({ length: 300 }, (_, n) => nameOf(n));
const told = (device) => ({ device, ts: NOW, last_seen: NOW, latest: { level: { value: 1, ts: NOW, unit: "m" } } });

// A server with `devices`, and what it was asked; `fails` makes it refuse the next pages.
function server(devices = []) {
  const mine = { state: "live", devices, pages: 0, asked: [], fails: null, topics: new Map() };
  mine.feed = (topic) => ({
    join: (listener) => mine.topics.set(topic, listener),
    leave: () => mine.topics.delete(topic),
  });
  mine.client = {
    state: "connected",
    rpc: async (method, { after, limit, device }) => {
      if (method === "latest") {
        mine.asked.push(device);
        return { data: told(device) };
      }
      mine.pages++;
      if (mine.fails) throw mine.fails;
      const page = mine.devices.filter((each) => each > after).slice(0, limit);
      return { data: { devices: page.map(told), next: page.length === limit ? page.at(-1) : null } };
    },
  };
  return mine;
}

const snapshot = (more = {}) => ({ window: { from: NOW - 900_000, to: NOW, truncated: false, series: [], ...more }, latest: [] });

test("who is gone from the server is gone, unless it has spoken since", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: NOW });
  const there = server(["a", "b"]);
  const source = new MetricSource(there, "level", 900_000, () => {});
  source.open();
  const topic = there.topics.get("metric:level");
  topic.snapshot(snapshot());
  await settled();
  topic.publication({ device: "b", ts: NOW + 1, level: 2 });
  assert.deepEqual([...source.readings.rows.keys()], ["a", "b"]);
  t.mock.timers.tick(5_000);
  there.devices = [];
  topic.snapshot(snapshot());
  topic.publication({ device: "new", ts: NOW + 5_000, level: 3 });
  await settled();
  assert.deepEqual([...source.readings.rows.keys()], ["new"]);
  source.close();
});

test("the units of a fleet that came later are known soon, and the server is not asked for each", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: NOW });
  const there = server();
  const source = new MetricSource(there, "level", 900_000, () => {});
  source.open();
  const topic = there.topics.get("metric:level");
  topic.snapshot(snapshot());
  await settled();
  assert.equal(source.complete, true);
  there.devices = FLEET;
  for (const device of FLEET) topic.publication({ device, ts: NOW, level: 2 });
  await settled();
  const unknown = () => [...source.readings.rows.values()].filter(({ unit }) => unit === undefined).length;
  assert.deepEqual([source.readings.rows.size, there.asked.length, unknown()], [300, 200, 100]);
  t.mock.timers.tick(20_000);
  await settled();
  assert.deepEqual([unknown(), there.pages], [0, 2]);
  t.mock.timers.tick(60_000);
  await settled();
  assert.equal(there.pages, 2);
  source.close();
});

test("a list that cannot be read is told of, and read again", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: NOW });
  const there = server(FLEET);
  there.fails = { code: 111, message: "too much" };
  const source = new MetricSource(there, "level", 900_000, () => {});
  source.open();
  there.topics.get("metric:level").snapshot(snapshot());
  await settled();
  assert.deepEqual([source.unread, source.complete], [{ error: { code: 111, message: "too much" } }, false]);
  there.fails = null;
  t.mock.timers.tick(20_000);
  await settled();
  assert.deepEqual([source.unread, source.complete, source.readings.rows.size], [null, true, 300]);
  source.close();
});

test("however many devices there are, so many topics are subscribed, and those that may not be had are told", () => {
  const there = server(FLEET);
  const source = new MetricSource(there, "level", 900_000, () => {});
  const lines = new Lines(there, source.readings, () => {});
  lines.show(FLEET.slice(0, MOST_LINES), true);
  assert.equal(there.topics.size, MOST_LINES);
  lines.show(FLEET.slice(10, 10 + MOST_LINES), true);
  assert.equal(there.topics.size, MOST_LINES);
  for (const n of [11, 12]) there.topics.get(`device:${nameOf(n)}`).trouble("limit");
  assert.deepEqual(lines.problems, [["limit", 2]]);
  lines.show(FLEET.slice(20, 22), true);
  assert.deepEqual([there.topics.size, lines.problems], [2, []]);
  lines.close();
  assert.equal(there.topics.size, 0);
});
