import assert from "node:assert/strict";
import { test } from "node:test";

import { nextPage, rowHeight } from "../../../gateway/dashboard/boards/paging.js";

test("rows fill a page exactly, and are never too low to read", () => {
  assert.equal(rowHeight({ height: 650, gap: 10, least: 100 }), 100); // six of them
  assert.equal(rowHeight({ height: 700, gap: 10, least: 100 }), 650 / 6);
  assert.equal(rowHeight({ height: 60, gap: 10, least: 100 }), 100);
  assert.equal(rowHeight({ height: 150, gap: 10, least: 100 }), 150);
});

test("pages begin with the first item that was not seen whole, and end", () => {
  const rows = (...heights) => {
    let at = 0;
    return heights.map((height) => ({ top: at, bottom: (at += height + 10) - 10 }));
  };
  const page = (items, top) => nextPage(items, { top, height: 210 });
  assert.equal(page(rows(100, 100), 0), null);
  assert.equal(page(rows(100, 100.4), 0), null, "rounded");
  assert.equal(page(rows(100, 100, 100), 0), 220);
  assert.equal(page(rows(100, 100, 100), 110), null, "the browser scrolls no further than to the end");
  assert.equal(page(rows(100, 210, 100), 0), 110, "one of two rows");
  assert.equal(page(rows(100, 210, 100), 110), 330);
  assert.equal(page(rows(500, 100), 0), 210, "one that is larger than a page is shown in parts");
  assert.equal(page([], 0), null);
});
