import assert from "node:assert/strict";
import { test } from "node:test";

import { Format } from "../../../gateway/dashboard/live/format.js";
import { languages, textsOf } from "../../../gateway/dashboard/live/texts.js";
import { figuresOf, pointOf, valuesOf, whereOf } from "../../../gateway/dashboard/views/weather/figures.js";
import { Observation } from "../../../gateway/dashboard/views/weather/observation.js";
import { codes, groups, skyOf } from "../../../gateway/dashboard/views/weather/sky.js";

const VALUES = {
  temperature: 3.4, apparent_temperature: -0.6, humidity: 81, wind_speed: 4.2, wind_direction: 250, precipitation: 0,
  pressure: 1013.2, weather_code: 61, weather_text: "light rain", is_day: 1,
};
const UNITS = { temperature: "°C", apparent_temperature: "°C", humidity: "%", wind_speed: "m/s", precipitation: "mm", pressure: "hPa" };
const TAGS = { provider: "open-meteo", attribution: "Weather data by Open-Meteo.com", attribution_url: "https://open-meteo.com/", licence: "CC BY 4.0" };

function observed(values = VALUES, tags = TAGS) {
  const observation = new Observation();
  observation.publication({ device: "berlin", ts: 1, values, units: UNITS, tags });
  return observation;
}

test("every code has a drawing, and a text in every language", () => {
  for (const code of codes) {
    assert.ok(groups.includes(skyOf(code, 1)), code);
    for (const language of languages) assert.ok(textsOf(language).weather.codes[code], `${language} ${code}`);
  }
  assert.deepEqual(Object.keys(textsOf("en").weather.codes).map(Number).sort(), [...codes].sort());
  assert.equal(skyOf(42, 1), null);
  assert.equal(skyOf(undefined, 1), null);
});

test("by night there is a moon, where by day there is a sun", () => {
  assert.equal(skyOf(0, 1), "clear");
  assert.equal(skyOf(0, 0), "clear-night");
  assert.equal(skyOf(2, false), "fair-night");
  assert.equal(skyOf(81, 0), "showers-night");
  assert.equal(skyOf(0, undefined), "clear");
  assert.equal(skyOf(63, 0), "rain");
});

test("a card is in the viewer's language", () => {
  const german = figuresOf(observed(), new Format("de"));
  assert.equal(german.text, "leichter Regen");
  assert.equal(german.temperature, "3,4\u00a0°C");
  assert.deepEqual(german.rows.map(({ label, text }) => [label, text]), [
    ["Gefühlt", "-0,6\u00a0°C"], ["Feuchte", "81\u00a0%"], ["Wind", "4,2\u00a0m/s"], ["Niederschlag", "0\u00a0mm"], ["Luftdruck", "1.013,2\u00a0hPa"],
  ]);
  const wind = german.rows.find(({ metric }) => metric === "wind_speed");
  assert.deepEqual([wind.from, wind.fromText], [250, "aus WSW"]);
});

test("what a service does not tell is left out; of an unknown code its own words are shown", () => {
  const bare = figuresOf(observed({ temperature: 3.4, weather_code: 42, weather_text: "frogs" }, { provider: "test" }), new Format("en"));
  assert.deepEqual([bare.rows, bare.sky, bare.text], [[], null, "frogs"]);
  assert.deepEqual([bare.source, bare.link, bare.licence], ["test", null, null]);
  const nothing = figuresOf(new Observation(), new Format("en"));
  assert.deepEqual([nothing.temperature, nothing.text, nothing.source], [null, "", null]);
});

test("only https is linked to", () => {
  const linkOf = (url) => figuresOf(observed(VALUES, { ...TAGS, attribution_url: url }), new Format("en")).link;
  assert.equal(linkOf("https://open-meteo.com/"), "https://open-meteo.com/");
  for (const url of ["http://open-meteo.com/", "javascript:alert(1)", "//open-meteo.com", "", undefined]) assert.equal(linkOf(url), null);
});

test("the nearest point of the compass is told", () => {
  const points = textsOf("en").weather.points;
  const told = [0, 11, 12, 90, 250, 348, 349, 360, -90].map((degrees) => pointOf(degrees, points));
  assert.deepEqual(told, ["N", "N", "NNE", "E", "WSW", "NNW", "N", "N", "W"]);
});

test("where a place is does not repeat its name", () => {
  assert.equal(whereOf({ admin1: "Illinois", country: "United States" }, "Springfield"), "Illinois, United States");
  assert.equal(whereOf({ admin1: "Singapore", country: "Singapore" }, "Singapore"), "");
  assert.equal(whereOf({ country_code: "NO" }, "Oslo"), "NO");
  assert.equal(whereOf(null, "Oslo"), "");
});

test("what can be pinned are numbers that are there", () => {
  const metrics = valuesOf(observed(), textsOf("en")).map(({ metric }) => metric);
  assert.deepEqual(metrics, ["temperature", "apparent_temperature", "humidity", "wind_speed", "precipitation", "pressure"]);
});
