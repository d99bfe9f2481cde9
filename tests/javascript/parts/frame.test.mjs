import assert from "node:assert/strict";
import { test } from "node:test";

import { Access, userOf } from "../../../gateway/dashboard/parts/access.js";
import { faviconOf, titleOf } from "../../../gateway/dashboard/parts/attention.js";

test("the title says how many alerts there are", () => {
  assert.equal(titleOf("Devices", 0), "Devices · Windsock");
  assert.equal(titleOf("Devices", 2), "(2) Devices · Windsock");
  assert.equal(titleOf("", 0), "Windsock");
});

test("the icon tells whether it is live, and of alerts", () => {
  const all = [true, false].flatMap((live) => [0, 1].map((count) => faviconOf({ live, count })));
  assert.equal(new Set(all).size, 4);
  for (const icon of all) assert.match(decodeURIComponent(icon), /^data:image\/svg\+xml,<svg xmlns=.*<\/svg>$/);
});

const tokenFor = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;

test("who a token is for is read, if it can be", () => {
  assert.equal(userOf(tokenFor({ sub: "Ådä ✓" })), "Ådä ✓");
  for (const other of [null, "", "x", "a.b.c", "a.%.c", tokenFor({}), tokenFor({ sub: 7 }), tokenFor(null)]) assert.equal(userOf(other), null);
});

const page = (hash, storage) => ({
  location: { hash, pathname: "/", search: "?a", reloads: 0, reload() { this.reloads++; } },
  history: { to: [], replaceState(_state, _title, address) { this.to.push(address); } },
  sessionStorage: storage ?? { kept: {}, setItem(key, value) { this.kept[key] = value; }, getItem(key) { return this.kept[key] ?? null; }, removeItem(key) { delete this.kept[key]; } },
});

test("a token of the address is kept, and taken out of the address", () => {
  const one = page("#token=a.b%2Bc");
  assert.equal(new Access(() => {}, one).token, "a.b+c");
  assert.deepEqual([one.sessionStorage.kept.token, one.history.to], ["a.b+c", ["/?a"]]);
  for (const view of ["#/device/token=x", "#/board/x?v=1&items=y&token=x"]) {
    const other = page(view, one.sessionStorage);
    assert.deepEqual([new Access(() => {}, other).token, other.history.to], ["a.b+c", []]);
  }
});

test("to sign out forgets it; where nothing can be kept the address brings it", () => {
  const one = page("#token=abc");
  new Access(() => {}, one).signIn("");
  assert.deepEqual([one.sessionStorage.kept, one.location.reloads], [{}, 1]);
  const forbidding = { getItem() { throw new Error("forbidden"); }, setItem() { throw new Error("forbidden"); }, removeItem() { throw new Error("forbidden"); } };
  const other = page("#/", forbidding);
  const access = new Access(() => {}, other);
  assert.equal(access.token, null);
  access.signIn("a+b");
  assert.deepEqual([other.location.hash, other.location.reloads], ["token=a%2Bb", 1]);
});
