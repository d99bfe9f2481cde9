import assert from "node:assert/strict";
import { test } from "node:test";

import { numberToType, typedNumber } from "../../../gateway/dashboard/live/typed_number.js";

test("a number is read as the locale writes it", () => {
  const said = [
    ["de-DE", "21,5", 21.5], ["de-DE", "1.234,5", 1234.5], ["de-DE", "1.234", 1234], ["de-DE", "21.5", 21.5], ["de-DE", "-0,5", -0.5],
    ["en-GB", "21.5", 21.5], ["en-GB", "1,234.5", 1234.5], ["en-GB", " −3 ", -3], ["en-GB", "1e3", 1000], ["de-CH", "1'234.5", 1234.5],
    ["fr-FR", "1 234,5", 1234.5],
  ];
  for (const [locale, text, number] of said) assert.equal(typedNumber(text, locale), number, `${locale} ${text}`);
});

test("what is no number of the locale is none", () => {
  const said = [["en-GB", "21,5"], ["en-GB", "1,23,456"], ["de-DE", "1.2.3"], ["de-DE", "1,2,3"], ["de-DE", "1,234.5"], ["en-GB", ""], ["en-GB", "abc"], ["en-GB", "0x10"], ["de-DE", "Infinity"]];
  for (const [locale, text] of said) assert.equal(typedNumber(text, locale), NaN, `${locale} ${text}`);
});

test("a number to be changed is read as it was", () => {
  for (const locale of ["de-DE", "en-GB", "de-CH"])
    for (const number of [0, -21.5, 1234.5, 0.1 + 0.2, 1e21, 1.5e-7]) assert.equal(typedNumber(numberToType(number, locale), locale), number);
});
