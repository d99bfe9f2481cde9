import assert from "node:assert/strict";
import { test } from "node:test";

import { Format, unitText } from "../../../gateway/dashboard/live/format.js";
import { shownState } from "../../../gateway/dashboard/live/state.js";
import { languages, textsOf } from "../../../gateway/dashboard/live/texts.js";

const fine = { connection: "live", problem: null, subscribed: true, has: true, silent: false };

test("live is what is fresh, on a connection that is live, and nothing else", () => {
  assert.deepEqual(shownState(fine), { state: "live", reason: null });
  const wrong = [
    [{ silent: true }, "stale", "silent"],
    [{ outdated: true }, "stale", "outside"],
    [{ has: false }, "stale", "nothing"],
    [{ connection: "stale" }, "stale", "server"],
    [{ connection: "resuming" }, "offline", "resuming"],
    [{ connection: "offline" }, "offline", "offline"],
    [{ connection: "denied" }, "offline", "denied"],
    [{ subscribed: false }, "offline", "connecting"],
    [{ problem: "denied" }, "offline", "denied"],
    [{ problem: "denied", connection: "resuming" }, "offline", "denied"],
  ];
  for (const [change, state, reason] of wrong) assert.deepEqual(shownState({ ...fine, ...change }), { state, reason });
});

test("numbers are written as the locale does, with as many decimals as are wanted", () => {
  assert.equal(new Format("de").value(1234.5678), "1.234,568");
  assert.equal(new Format("en", 1).value(21), "21.0");
  assert.equal(new Format("en", 0).value(21.5), "22");
  assert.equal(new Format("en").value(0), "0");
  assert.equal(new Format("en").value(1.5e15), "1.5E15");
  assert.equal(new Format("en").value(-1.5e-9), "-1.5E-9");
  assert.deepEqual([0.0004, -0.00041234, 0.001, -0.001].map((each) => new Format("en").value(each)), ["0.0004", "-0.000412", "0.001", "-0.001"]);
  assert.deepEqual([new Format("en").value(-0), new Format("en", 1).value(-0.04), new Format("en").step(-1e-17, 0.5)], ["0", "0.0", "0.0"]);
  assert.equal(new Format("no such locale!").value("open"), "open");
  assert.deepEqual([new Format("de").value(true), new Format("en").value(false)], ["an", "off"]);
});

test("ages are told in the largest unit that fits", () => {
  const format = new Format("en");
  // How a unit is abbreviated is the browser's business.
  const ages = [[0, /^0 ?s/], [59_400, /^59 ?s/], [3_599_000, /^59 ?m/], [7_200_000, /^2 ?h/], [259_200_000, /^3 ?d/]];
  for (const [ms, told] of ages) assert.match(format.age(ms), told);
  // An age never reads as a negative number, which the narrow ones of other languages do.
  for (const locale of ["fr", "fr-CA", "de", "es", "en-GB"]) assert.doesNotMatch(new Format(locale).age(1_080_000), /^[-−]/, locale);
});

test("units of UCUM are shown as people write them", () => {
  assert.deepEqual(["Cel", "hPa", undefined].map(unitText), ["°C", "hPa", ""]);
});

test("every language has every text", () => {
  const shape = (texts) => Object.entries(texts).map(([name, text]) => [name, typeof text === "object" ? shape(text) : typeof text]);
  for (const language of languages) assert.deepEqual(shape(textsOf(language)), shape(textsOf("en")));
  assert.equal(textsOf("fr-CA"), textsOf("en"));
  assert.equal(textsOf("de-AT"), textsOf("de"));
});
