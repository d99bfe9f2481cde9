import assert from "node:assert/strict";
import { test } from "node:test";

import { namesOf, remembered } from "../../../gateway/dashboard/views/device/command_names.js";
import { choiceOf, queryOf, spanOf, windowOf } from "../../../gateway/dashboard/views/device/windows.js";

const query = (text) => new URLSearchParams(text);

test("the window is one of those offered", () => {
  assert.deepEqual(windowOf(query("window=6h")), { name: "6h", ms: 21_600_000 });
  for (const other of ["", "window=7d", "window=__proto__"]) assert.equal(windowOf(query(other)).name, "1h");
});

test("a zoom stands in the address and is read from there", () => {
  const zoomed = { fromMs: 1_000.5, toMs: 2_000.5 };
  assert.deepEqual(queryOf(zoomed), { from: 1_000, to: 2_001 });
  assert.deepEqual(spanOf(query("from=1000&to=2001")), { fromMs: 1_000, toMs: 2_001 });
  assert.deepEqual(queryOf(null), { from: null, to: null });
  for (const other of ["", "from=2&to=1", "from=x&to=5", "from=1"]) assert.equal(spanOf(query(other)), null);
});

test("a link to what its window has passed by is shown in a longer one, or live", () => {
  const link = query("window=1h&from=5000000&to=6000000");
  assert.deepEqual(choiceOf(link, 7_000_000), { name: "1h", ms: 3_600_000, span: { fromMs: 5_000_000, toMs: 6_000_000 } });
  assert.equal(choiceOf(link, 5_000_000 + 5 * 3_600_000).name, "6h");
  assert.equal(choiceOf(link, 5_000_000 + 20 * 3_600_000).name, "24h");
  assert.deepEqual(choiceOf(link, 5_000_000 + 30 * 3_600_000), { name: "1h", ms: 3_600_000, span: null });
  assert.deepEqual(choiceOf(query("window=6h"), 7), { name: "6h", ms: 21_600_000, span: null });
});

test("names of commands are remembered, the latest first, each once, and not without end", () => {
  let kept = null;
  for (let at = 0; at < 30; at++) kept = remembered(kept, "a", `n${at}`);
  kept = remembered(kept, "a", "n20");
  assert.deepEqual(namesOf(kept, "a").slice(0, 3), ["n20", "n29", "n28"]);
  assert.equal(namesOf(kept, "a").length, 12);
  assert.deepEqual(namesOf(kept, "__proto__"), []);
  for (let at = 0; at < 150; at++) kept = remembered(kept, `d${at}`, "open");
  assert.equal(kept.length, 100);
  assert.deepEqual(namesOf(kept, "a"), []);
});

test("whatever the browser has kept is borne", () => {
  for (const odd of ["text", 5, {}, [1, [2, 3], ["a", "b"]]]) assert.deepEqual(remembered(odd, "a", "open"), [["a", ["open"]]]);
});
