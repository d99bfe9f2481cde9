import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Format } from "../../../gateway/dashboard/live/format.js";
import { languageOf, languages, textsOf } from "../../../gateway/dashboard/live/texts.js";

// "shell.theme" → "text"; functions with how many parameters they have.
const kinds = (texts, path = []) =>
  Object.entries(texts).flatMap(([key, value]) => {
    const here = [...path, key];
    if (typeof value === "object" && !Array.isArray(value)) return kinds(value, here);
    const kind = typeof value === "function" ? `function of ${value.length}` : Array.isArray(value) ? `list of ${value.length}` : typeof value;
    return [[here.join("."), kind]];
  });

const FOLDER = new URL("../../../gateway/dashboard/", import.meta.url);
const sources = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
  .filter((file) => file.name.endsWith(".js") && file.name !== "texts.js" && !/dashboard\/(vendor|built)/.test(file.parentPath))
  .map((file) => readFileSync(`${file.parentPath}/${file.name}`, "utf8"))
  .join("\n");

test("every language has the same words, of the same kind", () => {
  const english = Object.fromEntries(kinds(textsOf("en")));
  assert.ok(Object.keys(english).length > 50);
  for (const language of languages) assert.deepEqual(Object.fromEntries(kinds(textsOf(language))), english, language);
});

test("no text is empty", () => {
  for (const language of languages) {
    const empty = (texts) => Object.entries(texts).filter(([, value]) => value === "" || (typeof value === "object" && empty(value).length > 0));
    assert.deepEqual(empty(textsOf(language)), [], language);
  }
});

test("every text is used: by its name, or as one of a group that is looked up by a code", () => {
  const used = (name) => new RegExp(`[.\\w$\\]]\\.${name}\\b|[{,]\\s*${name}\\s*[,:}]`).test(sources);
  const lookedUp = (name) => new RegExp(`\\b${name}\\??\\.?\\[|\\b${name}\\b\\s*[,)]`).test(sources);
  const unused = kinds(textsOf("en")).filter(([path]) => {
    const names = path.split(".");
    return !used(names.at(-1)) && !names.slice(0, -1).some(lookedUp);
  });
  assert.deepEqual(unused.map(([path]) => path), []);
});

test("a locale has its language's texts, and English where there are none", () => {
  assert.equal(languageOf("de-AT"), "de");
  for (const other of ["fr-FR", "constructor", undefined, ""]) assert.equal(languageOf(other), "en");
  assert.notEqual(textsOf("de"), textsOf("fr"));
});

test("one is told in the singular", () => {
  const [english, german] = [textsOf("en"), textsOf("de")];
  const told = ({ overview, device_view: device }, count) => [overview.all(count), device.saved(count), device.left_out(count)];
  const counts = (locale, number) => new Format(locale).count(number);
  assert.deepEqual(told(english, counts("en", 1)), ["1 device", "1 reading saved", "1 more metric is not shown."]);
  assert.deepEqual(told(german, 1), ["1 Gerät", "1 Messwert gespeichert", "1 weitere Messgröße wird nicht gezeigt."]);
  assert.deepEqual(told(english, counts("en", 1001)), ["1,001 devices", "1,001 readings saved", "1,001 more metrics are not shown."]);
  // By the number, not by its text.
  assert.equal(told(german, counts("de", 1000))[0], "1.000 Geräte");
  assert.equal(told(english, counts("ar-EG", 1))[0], "1 device");
  assert.equal(told(english, counts("ar-EG", 2))[0], "٢ devices");
});
