import assert from "node:assert/strict";
import { test } from "node:test";

import { Feed, wishesOf } from "../../../gateway/dashboard/live/feed.js";
import { FakeClient, settled } from "./fake_client.mjs";

class Listener {
  told = [];

  constructor({ device = null, windowMs = 60_000, points = 100, ...delivery } = {}) {
    Object.assign(this, { source: { device }, windowMs, points, ...delivery });
  }

  snapshot(data) {
    this.told.push(["snapshot", data]);
  }

  publication(data) {
    this.told.push(["publication", data]);
  }

  trouble(code) {
    this.told.push(["trouble", code]);
  }
}

const started = async (...listeners) => {
  const client = new FakeClient();
  const [ends, backs] = [[], []];
  const feed = new Feed(client, "device:a", {
    ended: () => ends.push(true),
    back: (how, missed) => backs.push([how, [...(missed?.values() ?? [])].reduce((sum, count) => sum + count, 0)]),
  });
  for (const each of listeners) feed.join(each);
  await settled();
  return { client, feed, ends, backs };
};
const from = (first, last) => Array.from({ length: last - first + 1 }, (_, n) => ({ offset: first + n, data: first + n }));
const subscribed = (offset, data, recovered = false) => ({ streamPosition: { epoch: "e", offset }, data, recovered });

test("those that join together share one subscription with the longest window", async () => {
  const [short, long] = [new Listener(), new Listener({ windowMs: 3_600_000 })];
  const { client } = await started(short, long);
  assert.equal(client.subscriptions.length, 1);
  assert.deepEqual(client.subscriptions[0].options, { data: { window: "3600s", points: 5_000 } });
  client.subscriptions[0].emit("subscribed", subscribed(4, "past"));
  client.subscriptions[0].emit("publication", { offset: 4, data: "in the past already" });
  client.subscriptions[0].emit("publication", { offset: 5, data: "live" });
  const told = [["trouble", null], ["snapshot", "past"], ["publication", "live"]];
  assert.deepEqual([short.told, long.told], [told, told]);
});

test("one that joins later brings a new snapshot for all", async () => {
  const [first, second] = [new Listener(), new Listener()];
  const { client, feed } = await started(first);
  client.subscriptions[0].emit("subscribed", subscribed(1, "one"));
  feed.join(second);
  await settled();
  assert.equal(client.removed.length, 1);
  client.removed[0].emit("publication", { offset: 2, data: "of the old one" });
  client.subscriptions[0].emit("subscribed", subscribed(2, "two"));
  assert.deepEqual(first.told.filter(([what]) => what === "snapshot").map(([, data]) => data), ["one", "two"]);
  assert.deepEqual(second.told.at(-1), ["snapshot", "two"]);
});

test("the last that leaves ends it, unless it comes back at once", async () => {
  const one = new Listener();
  const { client, feed, ends } = await started(one);
  feed.leave(one);
  feed.join(one);
  await settled();
  assert.deepEqual([client.subscriptions.length, ends.length], [1, 0]);
  feed.leave(one);
  await settled();
  assert.deepEqual([client.subscriptions.length, ends.length], [0, 1]);
});

test("what is refused is told, by its reason", async () => {
  for (const [code, reason] of [[103, "denied"], [102, "unknown"], [106, "limit"], [2000, "denied"]]) {
    const one = new Listener();
    const { client } = await started(one);
    client.subscriptions[0].emit("unsubscribed", { code });
    assert.deepEqual(one.told, [["trouble", reason]]);
  }
});

test("a subscribe that overtook the unsubscribe before it is tried again", async () => {
  const one = new Listener();
  const { client } = await started(one);
  client.subscriptions[0].emit("unsubscribed", { code: 105 });
  await settled();
  assert.deepEqual([one.told.length, client.subscriptions.length, client.removed.length], [0, 1, 1]);
});

test("devices of a metric's topic are filtered, as far as a filter may be large", () => {
  const of = (...devices) => devices.map((device) => new Listener({ device }));
  const { data, tagsFilter } = wishesOf(of("b", "a", "b"));
  assert.deepEqual(tagsFilter, { key: "device", cmp: "in", vals: ["a", "b"] });
  assert.equal(data.window, "3600s"); // what is older than a filtered window is not known
  const many = Array.from({ length: 500 }, (_, n) => `${"long-name".repeat(5)}-${n}`);
  assert.equal("tagsFilter" in wishesOf(of(...many)), false);
  assert.deepEqual(wishesOf(of("a", null)), { data: { window: "60s", points: 100 } }, "who wants all gets all");
});

test("what a resume brought is told once all of it is there, also what comes after the reply", async () => {
  const { client, backs } = await started(new Listener());
  const [subscription] = client.subscriptions;
  subscription.become(4, { data: "past" });
  await settled();
  subscription.emit("publication", { offset: 5, data: 5 });
  subscription.become(5, { recovered: true, data: { top: 7 }, publications: from(6, 7) });
  await settled();
  subscription.emit("publication", { offset: 8, data: 8 });
  assert.deepEqual(backs, [["first", 0], ["resumed", 2]]);
  subscription.become(8, { recovered: true, data: { top: 12 }, publications: from(9, 10) });
  await settled();
  assert.equal(backs.length, 2);
  for (const publication of from(11, 14)) subscription.emit("publication", publication);
  assert.deepEqual(backs.at(-1), ["resumed", 4]);
  subscription.become(3, { epoch: "other", data: "new past", publications: from(4, 4) });
  await settled();
  assert.deepEqual(backs.at(-1), ["anew", 0]);
  assert.equal(backs.length, 4);
});

test("a listener that fails keeps nothing from the others", async (context) => {
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  context.after(() => delete globalThis.reportError);
  const [broken, sound] = [new Listener(), new Listener()];
  broken.snapshot = () => {
    throw new Error("broken");
  };
  const { client } = await started(broken, sound);
  client.subscriptions[0].become(1, { data: "past" });
  assert.deepEqual(sound.told.at(-1), ["snapshot", "past"]);
  assert.deepEqual(reported, ["broken"]);
});

test("what is delivered leaves out no more than everybody lets it", () => {
  const sample = (rate) => new Listener({ delivery: "sample", rate });
  const delivered = (...listeners) => {
    const { delivery, rate } = wishesOf(listeners).data;
    return [delivery, rate];
  };
  assert.deepEqual(delivered(sample(1), sample(2)), ["sample", 2]);
  assert.deepEqual(delivered(new Listener({ delivery: "sample" })), ["sample", 1]);
  assert.deepEqual(delivered(sample(2), new Listener({ delivery: "latest" })), ["latest", undefined]);
  assert.deepEqual(delivered(sample(2), new Listener()), [undefined, undefined]);
});

test("of what is conflated a jump is no gap, and its tags say how much was left out", async () => {
  const one = new Listener({ delivery: "sample", rate: 1 });
  const tagged = [];
  one.publication = (data, tags) => tagged.push([data, tags]);
  const { client, feed } = await started(one);
  client.subscriptions[0].emit("subscribed", subscribed(1, "past"));
  client.subscriptions[0].emit("publication", { offset: 5, data: "newest", tags: { conflated: "3" } });
  assert.deepEqual(tagged, [["newest", { conflated: "3" }]]);
  assert.equal(feed.joined.gaps, 0);
});

test("a comparison is asked for no past, and has no position", async () => {
  const [client, listener] = [new FakeClient(), new Listener()];
  new Feed(client, "compare:a:berlin").join(listener);
  await settled();
  assert.deepEqual(client.subscriptions[0].options, {});
  client.subscriptions[0].emit("subscribed", { data: undefined, recovered: false });
  client.subscriptions[0].emit("publication", { data: "now" });
  assert.deepEqual(listener.told, [["trouble", null], ["snapshot", undefined], ["publication", "now"]]);
});
