import assert from "node:assert/strict";
import { test } from "node:test";

import { parsed } from "../../../gateway/dashboard/views/device/exact.js";

const tellsSources = JSON.parse("1", (_key, value, context) => context?.source) === "1";

test("what a number holds is one", () => {
  const text = '{"a":[1,-2.5,1e300,9007199254740991,"18446744073709551615",null,true]}';
  assert.deepEqual(parsed(text), JSON.parse(text));
});

test("integers that are too large keep their digits", { skip: !tellsSources }, () => {
  const { a, b, c } = parsed('{"a":9007199254740993,"b":-18446744073709551615,"c":1e20}');
  assert.deepEqual([a, b, c], [9_007_199_254_740_993n, -18_446_744_073_709_551_615n, 1e20]);
});
