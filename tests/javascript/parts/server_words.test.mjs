import assert from "node:assert/strict";
import { test } from "node:test";

import { textsOf } from "../../../gateway/dashboard/live/texts.js";
import { Access } from "../../../gateway/dashboard/parts/access.js";
import { reasonOf, tellWhy } from "../../../gateway/dashboard/parts/server_words.js";
import { FakeElement, withDocument } from "./fake_document.mjs";

withDocument();

const why = (error, language = "en", sentence = (reason) => `Not so (${reason}).`) => {
  const node = new FakeElement("p");
  tellWhy(node, sentence, error, textsOf(language));
  return node;
};

test("what the page has words for is told in its own, the rest is left to the server", () => {
  const reasons = [{ status: 401 }, { status: 403 }, { code: 103 }, { status: 503 }, { code: 100 }, { code: 106 }, { status: 42 }];
  assert.deepEqual(reasons.map(reasonOf), ["denied", "denied", "denied", null, null, null, null]);
});

test("nothing answered: to a fetch, or to the SDK", () => {
  const timeout = Object.assign(new DOMException("timed out", "TimeoutError"), { unreachable: true });
  const reasons = [{ code: 1 }, { code: 3 }, { code: 11 }, Object.assign(new TypeError("failed to fetch"), { unreachable: true }), timeout];
  assert.deepEqual(reasons.map(reasonOf), Array(5).fill("offline"));
});

test("what the page itself failed at is not offline, and not said by the server", () => {
  for (const error of [new RangeError("too long"), new DOMException("too long", "QuotaExceededError")]) {
    const node = why(error);
    assert.deepEqual([reasonOf(error), node.textContent], [null, "Not so (too long)."]);
    assert.deepEqual(node.spans, [["en", "too long"]]);
  }
});

test("the server's words are told as its own, and as English", () => {
  const said = { en: "Not so (the server says: “too many”).", de: "Not so (der Server sagt: „too many“)." };
  for (const [language, text] of Object.entries(said)) {
    const node = why({ code: 106, message: "too many" }, language);
    assert.deepEqual([node.textContent, node.spans], [text, [["en", "too many"]]]);
  }
});

test("in every sentence of the page", () => {
  for (const language of ["en", "de"]) {
    const { board, device_view: device, overview, weather } = textsOf(language);
    for (const sentence of [board.not_read, device.not_saved, device.command.failed, overview.no_list, weather.why]) {
      const node = why({ status: 503, message: "$& full" }, language, sentence);
      assert.equal(node.textContent, sentence(textsOf(language).reasons.says("$& full")));
      assert.deepEqual(node.spans, [["en", "$& full"]]);
      assert.deepEqual(why({ code: 1 }, language, sentence).spans, []);
    }
  }
});

test("what is told already stays as it is", () => {
  const node = why({ code: 106, message: "too many" });
  const [, words] = node.children;
  tellWhy(node, (reason) => `Not so (${reason}).`, { code: 106, message: "too many" }, textsOf("en"));
  assert.equal(node.children[1], words);
});

test("a fetch that fails, or breaks off, is marked; an answer is not", async (context) => {
  const page = { location: { hash: "" }, sessionStorage: { getItem: () => null } };
  const access = new Access(() => {}, page);
  const reason = async (answer) => {
    context.mock.method(globalThis, "fetch", answer);
    return access.json("/api/devices").then((told) => told, reasonOf);
  };
  const broken = (ok, status) => ({ ok, status, text: async () => { throw new TypeError("network error"); } });
  assert.equal(await reason(async () => { throw new TypeError("failed to fetch"); }), "offline");
  assert.equal(await reason(async () => broken(true, 200)), "offline");
  assert.equal(await reason(async () => broken(false, 403)), "denied");
  assert.equal(await reason(async () => new Response('{"detail":"full"}', { status: 503 })), null);
  assert.deepEqual(await reason(async () => new Response('{"a":1}')), { a: 1 });
});
