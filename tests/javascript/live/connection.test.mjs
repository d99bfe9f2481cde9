import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Connection, Connections, endpointsOf, whyDenied } from "../../../gateway/dashboard/live/connection.js";
import { FakeClient, settled } from "./fake_client.mjs";

class Page extends EventTarget {
  navigator = { onLine: true };
  location = { origin: "https://page.example" };
}

const opened = ({ allowed = true } = {}) => {
  const client = new FakeClient();
  const page = new Page();
  const [states, asked] = [[], []];
  const connection = new Connection({
    server: "https://windsock.example/",
    token: "t",
    createClient: (endpoints, options) => Object.assign(client, { endpoints, options }),
    page,
    get: async (url) => (asked.push(url), { json: async () => ({ allowed }) }),
  });
  connection.listeners.add((state) => states.push(state));
  const results = [];
  connection.recoveries.add((result) => results.push(result));
  return { client, page, connection, states, asked, results };
};
const answer = async (client, status) => {
  client.calls.shift().resolve({ data: { status } });
  await settled();
};

const listener = () => ({ source: { device: null }, windowMs: 1_000, points: 2, snapshot() {}, publication() {}, trouble() {} });
// Live, with these topics subscribed.
const subscribed = async (...topics) => {
  const all = opened();
  all.client.turn("connected");
  for (const topic of topics) all.connection.feed(topic).join(listener());
  await settled();
  for (const subscription of all.client.subscriptions) subscription.become(1, { data: {} });
  await settled();
  return all;
};

test.beforeEach(() => mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"], now: 1_760_000_000_000 }));
test.afterEach(() => mock.timers.reset());

test("it is live once connected, resuming once that broke, and live again", async () => {
  const { client, connection, states } = opened();
  assert.equal(connection.state, "connecting");
  assert.equal(client.options.token, "t");
  client.turn("connected");
  client.turn("connecting", { code: 3001 });
  client.turn("connected");
  assert.deepEqual(states, ["live", "resuming", "live"]);
  connection.close();
});

test("what the server says of itself counts: stale while it hears nothing", async () => {
  const { client, connection, states } = opened();
  client.turn("connected");
  await answer(client, "stale");
  mock.timers.tick(5_000);
  await answer(client, "live");
  assert.deepEqual(states, ["live", "stale", "live"]);
  connection.close();
});

test("a server that hears nothing says so when it is connected to: it is not live before", async () => {
  const { client, connection, states } = opened();
  client.turn("connected", { data: { status: "stale" } });
  await answer(client, "stale");
  mock.timers.tick(5_000);
  await answer(client, "live");
  assert.deepEqual(states, ["stale", "live"]);
  connection.close();
});

test("a server that does not answer is lost: it connects anew, and is not ended", async () => {
  const { client, connection, states } = opened();
  client.turn("connected");
  client.calls.shift().reject({ code: 1 });
  await settled();
  assert.deepEqual([client.connects, client.state], [2, "connecting"]);
  assert.deepEqual(states, ["live", "resuming"]);
  connection.close();
});

test("a server that is silent for long is lost, but not while it is still at the snapshot of a topic", async () => {
  const { client, connection, states } = await subscribed("readings");
  connection.feed("weather:berlin").join(listener());
  await settled();
  for (let second = 0; second < 18; second++) mock.timers.tick(1_000);
  assert.deepEqual(states, ["live"]);
  client.subscriptions[1].become(1, { data: {} });
  // What it was asked meanwhile it comes to only now.
  for (let second = 0; second < 4; second++) mock.timers.tick(1_000);
  assert.deepEqual([client.connects, states], [1, ["live"]]);
  for (let second = 0; second < 4; second++) mock.timers.tick(1_000);
  assert.deepEqual([client.connects, states], [2, ["live", "resuming"]]);
  assert.equal(client.options.timeout, 20_000);
  connection.close();
});

test("after a sleep it asks at once, whatever it had asked before", async () => {
  const { client, page, connection } = opened();
  client.turn("connected");
  assert.equal(client.calls.length, 1);
  page.dispatchEvent(new Event("focus"));
  assert.equal(client.calls.length, 1);
  mock.timers.setTime(Date.now() + 3_600_000);
  page.dispatchEvent(new Event("pageshow"));
  assert.equal(client.calls.length, 2);
  connection.close();
});

test("without a network it says that it is offline", () => {
  const { client, page, connection, states } = opened();
  client.turn("connected");
  page.navigator.onLine = false;
  client.turn("connecting", {});
  page.navigator.onLine = true;
  page.dispatchEvent(new Event("online"));
  assert.deepEqual(states, ["live", "offline", "resuming"]);
  connection.close();
});

test("who is refused is told so, and tried again now and then", () => {
  const { client, connection, states } = opened();
  client.turn("disconnected", { code: 3500 });
  assert.equal(connection.state, "denied");
  mock.timers.tick(60_000);
  assert.equal(client.connects, 2);
  assert.equal(connection.state, "denied");
  client.turn("connected");
  assert.deepEqual(states, ["denied", "live"]);
  connection.close();
});

test("a page that may not open sockets learns it from the server", async () => {
  const { client, connection, asked } = opened({ allowed: false });
  client.emit("error", {});
  await settled();
  assert.deepEqual(asked, ["https://windsock.example/embed/origin?page=https%3A%2F%2Fpage.example"]);
  assert.equal(connection.state, "origin");
  connection.close();
});

test("those of one server and token share a connection, while one of them is there", () => {
  const made = [];
  const connections = new Connections((server, token) => {
    const one = { server, token, listeners: new Set(), closed: false, close: () => (one.closed = true) };
    made.push(one);
    return one;
  });
  const [first, second] = [() => {}, () => {}].map((listener) => connections.take("https://a/", null, listener));
  connections.take("https://a/", "token", () => {});
  connections.take("https://b/", null, () => {});
  assert.equal(first.connection, second.connection);
  assert.equal(made.length, 3);
  first.release();
  first.release();
  assert.equal(made[0].closed, false);
  second.release();
  assert.equal(made[0].closed, true);
  assert.notEqual(connections.take("https://a/", null, () => {}).connection, made[0]);
});

test("the endpoints stand below the server's address, also behind a path", () => {
  assert.deepEqual(endpointsOf("https://a.example/w/").map(({ endpoint }) => endpoint), [
    "wss://a.example/w/connection/websocket",
    "https://a.example/w/connection/http_stream",
  ]);
});

test("what all topics had missed is told once, as a sum, when the last of them is back", async () => {
  const { client, connection, results } = await subscribed("device:a", "device:b", "device:c");
  client.turn("connecting");
  mock.timers.tick(60_000);
  client.turn("connected");
  const [a, b, c] = client.subscriptions;
  a.become(1, { recovered: true, data: { top: 3 }, publications: [2, 3].map((offset) => ({ offset, data: offset })) });
  b.become(1, { recovered: true, data: { top: 1 } });
  await settled();
  assert.deepEqual(results, []);
  c.become(1, { recovered: true, data: { top: 5 }, publications: [{ offset: 5, data: 5, tags: { conflated: "3" } }] });
  await settled();
  assert.deepEqual(results, [{ lasted: 60_000, topics: 3, recovered: 6, anew: 0 }]);
  c.emit("publication", { offset: 6, data: 6 });
  await settled();
  assert.equal(results.length, 1);
  connection.close();
});

test("two breaks in a row are one, and what could not be recovered is told", async () => {
  const { client, connection, results } = await subscribed("device:a", "device:b");
  const [a, b] = client.subscriptions;
  client.turn("connecting");
  mock.timers.tick(1_000);
  client.turn("connected");
  a.become(1, { recovered: true, data: { top: 2 }, publications: [{ offset: 2, data: 2 }] });
  await settled();
  client.turn("connecting");
  mock.timers.tick(1_000);
  client.turn("connected");
  a.become(2, { recovered: true, data: { top: 3 }, publications: [{ offset: 3, data: 3 }] });
  b.become(7, { epoch: "other", data: {} });
  await settled();
  assert.deepEqual(results, [{ lasted: 2_000, topics: 2, recovered: 2, anew: 1 }]);
  connection.close();
});

test("a topic that is left, refused or filtered does not keep the others waiting", async () => {
  const { client, connection, results } = await subscribed("device:a", "device:b", "device:c");
  const [, b, c] = client.subscriptions;
  client.turn("connecting");
  client.turn("connected");
  const [only] = connection.feed("device:a").listeners;
  connection.feed("device:a").leave(only);
  b.state = "unsubscribed";
  b.emit("unsubscribed", { code: 103 });
  c.become(1, { recovered: true, data: { top: 9 }, publications: [{ offset: 4, data: 4 }] });
  await settled();
  assert.deepEqual(results, []);
  mock.timers.tick(5_000);
  assert.deepEqual(results.map(({ topics, recovered }) => [topics, recovered]), [[1, 1]]);
  connection.close();
});

test("what a topic had missed that a busy server is still at is waited for, but not for ever", async () => {
  for (const [wait, expected] of [[12_000, [2, 2]], [20_000, [1, 1]]]) {
    const { client, connection, results } = await subscribed("device:a", "device:b");
    const [a, b] = client.subscriptions;
    client.turn("connecting");
    client.turn("connected");
    const [offset, data] = [2, 2];
    a.become(1, { recovered: true, data: { top: 2 }, publications: [{ offset, data }] });
    await settled();
    for (let waited = 0; waited < wait; waited += 1_000) {
      assert.deepEqual(results, []);
      mock.timers.tick(1_000);
    }
    b.become(1, { recovered: true, data: { top: 2 }, publications: [{ offset, data }] });
    await settled();
    assert.deepEqual(results.map(({ topics, recovered }) => [topics, recovered]), [expected]);
    connection.close();
  }
});

test("since when it is not live: a socket that broke, now; a server that says nothing, since its last answer", async () => {
  const { client, connection } = await subscribed();
  await answer(client, "live");
  const heard = Date.now();
  mock.timers.tick(4_000);
  client.turn("connecting");
  assert.equal(connection.since, heard + 4_000);
  client.turn("connected");
  assert.equal(connection.since, null);
  const connectedAt = Date.now();
  client.calls.pop().reject({ code: 1 });
  mock.timers.tick(3_000);
  await settled();
  assert.deepEqual([connection.state, connection.since], ["resuming", connectedAt]);
  connection.close();
});

test("since when it is not live: not since an answer that a busy server owes, but since before a sleep", async () => {
  const { client, page, connection } = await subscribed("readings");
  await answer(client, "live");
  connection.feed("weather:berlin").join(listener());
  await settled();
  for (let second = 0; second < 18; second++) mock.timers.tick(1_000);
  client.turn("connecting");
  assert.equal(connection.since, Date.now());
  client.turn("connected");
  const heard = Date.now();
  mock.timers.setTime(heard + 3_600_000);
  page.dispatchEvent(new Event("pageshow"));
  client.turn("connecting");
  assert.equal(connection.since, heard);
  connection.close();
});

test("why a viewer is refused", () => {
  for (const [code, token, was, why] of [
    [3501, null, false, "none"],
    [1, "t", false, "expired"],
    [1, "t", true, "expired"],
    [3500, "t", false, "refused"],
    [3500, "t", true, "revoked"],
    [3503, "t", true, "ended"],
  ]) assert.equal(whyDenied(code, { token, was }), why);
});
