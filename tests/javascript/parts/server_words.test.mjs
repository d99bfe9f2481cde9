import assert from "node:assert/strict";
import { test } from "node:test";

import { reasonOf } from "../../../gateway/dashboard/parts/server_words.js";

test("what the page has words for is told in its own, the rest is left to the server", () => {
  const reasons = [{ status: 403 }, { code: 103 }, { code: 106 }, new TypeError("failed to fetch"), { status: 503 }, { code: 100 }];
  assert.deepEqual(reasons.map(reasonOf), ["denied", "denied", "limit", "offline", null, null]);
});
