import assert from "node:assert/strict";
import { test } from "node:test";

import { textsOf } from "../../../gateway/dashboard/live/texts.js";
import { problemOf, problemText } from "../../../gateway/dashboard/views/metric/problem.js";

const texts = textsOf("en");
const told = (error, client, state) => problemText(problemOf(error, { client: { state: client }, state }), texts);

test("it is told why the devices cannot be read", () => {
  assert.equal(told({ code: 100, message: "internal" }, "connected", "live"), texts.overview.no_list("the server says: “internal”"));
  assert.equal(told({ code: 103, message: "no" }, "connected", "live"), texts.overview.forbidden);
  assert.equal(told({ code: 2, message: "closed" }, "connecting", "resuming"), texts.overview.no_list("resuming"));
  assert.equal(told(null, "disconnected", "offline"), texts.overview.no_list("offline"));
});
