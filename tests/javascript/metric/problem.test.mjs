import assert from "node:assert/strict";
import { test } from "node:test";

import { textsOf } from "../../../gateway/dashboard/live/texts.js";
import { problemOf, problemParts } from "../../../gateway/dashboard/views/metric/problem.js";
import { FakeElement, withDocument } from "../parts/fake_document.mjs";

withDocument();

function told(error, client, state, language = "en") {
  const node = new FakeElement("p");
  node.append(...problemParts(problemOf(error, { client: { state: client }, state }), textsOf(language)));
  return node;
}

test("it is told why the devices cannot be read", () => {
  const { overview } = textsOf("en");
  const said = told({ code: 100, message: "internal" }, "connected", "live");
  assert.equal(said.textContent, overview.no_list("the server says: “internal”"));
  assert.deepEqual(said.spans, [["en", "internal"]]);
  assert.equal(told({ code: 103, message: "no" }, "connected", "live").textContent, overview.forbidden);
  assert.equal(told({ code: 1, message: "timeout" }, "connected", "live").textContent, overview.no_list("offline"));
  assert.equal(told({ code: 2, message: "closed" }, "connecting", "resuming").textContent, overview.no_list("resuming"));
  assert.equal(told(null, "disconnected", "offline").textContent, overview.no_list("offline"));
});

test("a server that hears nothing is said to, in the viewer's language", () => {
  const { overview, states } = textsOf("de");
  assert.equal(told(null, "connected", "stale", "de").textContent, overview.no_list(states.stale));
});
