import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST } from "../../../gateway/dashboard/views/overview/closeups.js";
import { wider } from "../../../gateway/dashboard/live/device_list.js";
import { Roster } from "../../../gateway/dashboard/views/overview/roster.js";
import { Supply } from "../../../gateway/dashboard/views/overview/supply.js";
import { settled } from "../live/fake_client.mjs";

const NOW = 1_760_000_900_000;

// Feeds by topic, as far as a supply uses them: who listens.
class FakeConnection {
  listeners = new Set();
  heard = new Map();
  client = { state: "connected", calls: [], rpc: (method, asked) => this.answer(method, asked) };

  answer(method, asked) {
    this.client.calls.push([method, asked]);
    return Promise.resolve({ data: row(asked.device, { t: 5, h: 50 }) });
  }

  feed(topic) {
    return {
      join: (listener) => this.heard.set(topic, listener),
      leave: () => this.heard.delete(topic),
    };
  }

  get devices() {
    return [...this.heard.keys()].filter((topic) => topic.startsWith("device:"));
  }
}

const row = (device, values) => ({
  device,
  ts: NOW,
  last_seen: NOW,
  tags: {},
  latest: Object.fromEntries(Object.entries(values).map(([metric, value]) => [metric, { value, ts: NOW }])),
});
const answer = (devices, next = null, status = 200) => ({
  ok: status === 200,
  status,
  headers: new Headers({ Date: new Date(NOW).toUTCString() }),
  json: async () => ({ devices, next }),
});
const window = (series, truncated = false) => ({ window: { from: NOW - 900_000, to: NOW, truncated, series }, latest: [] });
const line = (device, count) => ({ device, metric: "t", points: Array.from({ length: count }, (_, at) => [NOW - 60_000 + at, at]) });

const started = async (t, answers) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: NOW });
  const connection = new FakeConnection();
  const roster = new Roster();
  const asked = [];
  const access = {
    read: async (path) => {
      asked.push(path);
      const found = typeof answers === "function" ? answers(path) : answers;
      if (found instanceof Error) throw found;
      return found;
    },
  };
  let changes = 0;
  const supply = new Supply({ connection, access, roster, changed: () => changes++ });
  supply.open();
  await settled();
  const readings = connection.heard.get("readings");
  return { connection, roster, supply, readings, asked, look: () => supply.look([...roster.devices.values()], () => "t") };
};
const pass = async (t, ms) => {
  t.mock.timers.tick(ms);
  await settled();
};

test("the list comes page by page, the later ones large, and where a server's are smaller as it gives them", async (t) => {
  const second = "/api/devices?prefix=&after=a&limit=100";
  assert.equal(wider(second), "/api/devices?prefix=&after=a&limit=500");
  const { asked, roster, supply } = await started(t, (path) => {
    if (path === "/api/devices") return answer([row("a", { t: 1 })], second);
    return path === second ? answer([row("b", { t: 1 })]) : answer([], null, 400);
  });
  assert.deepEqual(asked, ["/api/devices", wider(second), second]);
  assert.deepEqual([...roster.devices.keys()], ["a", "b"]);
  assert.equal(supply.problem, null);
});

test("a list that cannot be had says why, and is tried again", async (t) => {
  let broken = true;
  const { roster, supply, asked } = await started(t, () => (broken ? answer([], null, 503) : answer([row("a", { t: 1 })])));
  assert.deepEqual([supply.problem.status, supply.known], [503, false]);
  broken = false;
  await pass(t, 5_000);
  assert.deepEqual([supply.problem, roster.devices.size, asked.length], [null, 1, 2]);
});

test("all readings come by one topic, sampled, and no device needs one of its own", async (t) => {
  const { connection, readings, look, asked } = await started(t, answer([row("a", { t: 1 })]));
  assert.deepEqual([readings.delivery, readings.rate], ["sample", 1]);
  readings.trouble(null);
  readings.snapshot(window([line("a", 20)]));
  look();
  assert.deepEqual(connection.devices, []);
  await pass(t, 60_000);
  assert.equal(asked.length, 2); // it was not known yet that the topic brings something
  await pass(t, 250_000);
  assert.equal(asked.length, 2);
});

test("a second snapshot means that something was missed: the list is read anew", async (t) => {
  const { readings, asked } = await started(t, answer([row("a", { t: 1 })]));
  readings.snapshot(window([line("a", 20)]));
  await settled();
  assert.equal(asked.length, 1);
  readings.snapshot(window([line("a", 20)]));
  await settled();
  assert.equal(asked.length, 2);
});

test("a new name has the list read soon, once for many", async (t) => {
  const { readings, asked } = await started(t, answer([row("a", { t: 1 })]));
  readings.snapshot(window([line("a", 20)]));
  for (const device of ["b", "c"]) readings.publication({ device, ts: NOW, values: { t: 1 } });
  await pass(t, 10_000);
  assert.equal(asked.length, 2);
});

for (const [why, tell] of [
  ["not permitted", (readings) => readings.trouble("denied")],
  ["switched off", (readings) => (readings.trouble(null), readings.snapshot(window([])))],
]) {
  test(`where the topic of all readings is ${why}, those in view have their own, and few enough`, async (t) => {
    const devices = Array.from({ length: 200 }, (_, at) => row(`d${at}`, { t: 1 }));
    const { connection, readings, look, supply, roster, asked } = await started(t, answer(devices));
    tell(readings);
    look();
    assert.equal(connection.devices.length, MOST);
    connection.heard.get("device:d0").publication({ device: "d0", ts: NOW + 1, values: { t: 7 } });
    assert.equal(roster.devices.get("d0").values.get("t").value, 7);
    supply.look([roster.devices.get("d199")], () => "t");
    assert.deepEqual(connection.devices, ["device:d199"]);
    await pass(t, 30_000);
    assert.ok(asked.length >= 2); // the others are in the list
    supply.close();
    assert.deepEqual([connection.heard.size, connection.listeners.size], [0, 0]);
  });
}

test("the first reading by the topic of all ends the others", async (t) => {
  const { connection, readings, look } = await started(t, answer([row("a", { t: 1 })]));
  readings.snapshot(window([]));
  look();
  assert.deepEqual(connection.devices, ["device:a"]);
  readings.publication({ device: "a", ts: NOW + 1, values: { t: 2 } });
  assert.deepEqual(connection.devices, []);
});

test("of a crowd those in view fetch a line of their own, once, a few at a time", async (t) => {
  const devices = Array.from({ length: 20 }, (_, at) => row(`d${at}`, { t: 1 }));
  const { connection, readings, look, roster } = await started(t, answer(devices));
  readings.snapshot(window(devices.map(({ device }) => line(device, 2)), true));
  look();
  const served = new Set();
  while (connection.devices.length) {
    assert.ok(connection.devices.length <= 8);
    const topic = connection.devices[0];
    assert.equal(served.has(topic), false);
    served.add(topic);
    connection.heard.get(topic).snapshot({ ...window([line(topic.slice(7), 40)]), latest: null });
  }
  assert.equal(served.size, 20);
  assert.equal(roster.devices.get("d7").lines.get("t").length, 40);
});

test("what may have been left out in favour of another metric is asked for", async (t) => {
  const { connection, readings, supply, roster, look } = await started(t, answer([row("a", { t: 1, h: 40 }), row("b", { t: 1 })]));
  readings.snapshot(window([line("a", 20)]));
  look();
  readings.publication({ device: "b", ts: NOW + 1, values: { t: 2 } }, { conflated: "4" });
  readings.publication({ device: "a", ts: NOW - 1, values: { t: 2 } }, { conflated: "1" });
  supply.ask();
  assert.deepEqual(connection.client.calls, []); // more may come
  await pass(t, 5_000);
  supply.ask();
  supply.ask();
  await settled();
  assert.deepEqual(connection.client.calls, [["latest", { device: "a" }]]);
  assert.equal(roster.devices.get("a").values.get("h").value, 50);
});

test("what the server says of it is kept, and a list that breaks off is none", async (t) => {
  const failing = async (status, json) => {
    const { supply } = await started(t, () => ({ ...answer([], null, status), json }));
    t.mock.timers.reset();
    const { status: told, message, unreachable } = supply.problem;
    return [told, message, unreachable];
  };
  const breaks = (error) => async () => { throw error; };
  assert.deepEqual(await failing(503, async () => ({ detail: "too busy" })), [503, "too busy", undefined]);
  assert.deepEqual(await failing(502, breaks(new SyntaxError("<html>"))), [502, "status 502", undefined]);
  assert.deepEqual(await failing(200, breaks(new TypeError("network error"))), [undefined, "network error", true]);
  assert.deepEqual(await failing(200, breaks(new SyntaxError("<html>"))), [undefined, "<html>", false]);
});
