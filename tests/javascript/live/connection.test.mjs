import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Connection, Connections, endpointsOf } from "../../../gateway/dashboard/live/connection.js";
import { FakeClient, settled } from "./fake_client.mjs";

class Page extends EventTarget {
  navigator = { onLine: true };
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
  return { client, page, connection, states, asked };
};
const answer = async (client, status) => {
  client.calls.shift().resolve({ data: { status } });
  await settled();
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

test("a server that does not answer is lost: it connects anew, and is not ended", async () => {
  const { client, connection, states } = opened();
  client.turn("connected");
  client.calls.shift().reject({ code: 1 });
  await settled();
  assert.deepEqual([client.connects, client.state], [2, "connecting"]);
  assert.deepEqual(states, ["live", "resuming"]);
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
  assert.deepEqual(asked, ["https://windsock.example/embed/origin"]);
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
