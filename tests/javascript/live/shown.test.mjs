import assert from "node:assert/strict";
import { test } from "node:test";

import { Format, metricText, unitText } from "../../../gateway/dashboard/live/format.js";
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
  assert.equal(new Format("en").value(-1.5e-9), "-1.5E-9");
  assert.deepEqual([0.0004, -0.00041234, 0.001, -0.001].map((each) => new Format("en").value(each)), ["0.0004", "-0.000412", "0.001", "-0.001"]);
  assert.deepEqual([new Format("en").value(-0), new Format("en", 1).value(-0.04), new Format("en").step(-1e-17, 0.5)], ["0", "0.0", "0.0"]);
  assert.equal(new Format("no such locale!").value("open"), "open");
  assert.deepEqual([new Format("de").value(true), new Format("en").value(false)], ["an", "off"]);
});

test("every step of a large counter is seen, and of small numbers as well", () => {
  const format = new Format("en");
  assert.equal(format.value(12_345_678_901_000), "12,345,678,901,000");
  assert.equal(format.value(12_345_678_900_500.5), "12,345,678,900,500.5");
  assert.equal(format.value(-(2 ** 53)), "-9,007,199,254,740,992");
  assert.deepEqual([1.5e16, 123_456_789_012_345_000, -1e308].map((each) => format.value(each)), ["1.5E16", "1.23456789012345E17", "-1E308"]);
  assert.equal(new Format("en", 2).value(1.23456e17), "1.23E17");
});

test("the numbers of an axis differ, however small or large its steps are", () => {
  const format = new Format("en");
  const told = (step, ...values) => values.map((value) => format.step(value, step));
  assert.deepEqual(told(2e-7, 0, 2e-7, 4e-7, 1e-22), ["0", "2E-7", "4E-7", "0"]);
  assert.deepEqual(told(2.5e-7, 2.5e-7, 1e-6), ["2.5E-7", "1E-6"]);
  assert.deepEqual(told(1e-7, 21.4, 21.4000001), ["21.4000000", "21.4000001"]);
  assert.deepEqual(told(0.25, 1, -0.25), ["1.00", "-0.25"]);
  assert.deepEqual(told(0.0001, 0.0003), ["0.0003"]);
  assert.deepEqual(told(500, 12_345_678_900_500), ["12,345,678,900,500"]);
  assert.deepEqual(told(1_000, 1e17, 1e17 + 2_000), ["1E17", "1.00000000000002E17"]);
  assert.deepEqual(told(5e306, 1e308, 1.05e308), ["1E308", "1.05E308"]);
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

test("underscores between words of a metric are spaces, and others stay", () => {
  const told = ["soil_temperature_2", "_a", "a_", "__proto__", "_hid.den-", "a__b", "größe_ß"].map(metricText);
  assert.deepEqual(told, ["soil temperature 2", "_a", "a_", "__proto__", "_hid.den-", "a__b", "größe ß"]);
});

test("every language has every text", () => {
  const shape = (texts) => Object.entries(texts).map(([name, text]) => [name, typeof text === "object" ? shape(text) : typeof text]);
  for (const language of languages) assert.deepEqual(shape(textsOf(language)), shape(textsOf("en")));
  assert.equal(textsOf("fr-CA"), textsOf("en"));
  assert.equal(textsOf("de-AT"), textsOf("de"));
});
