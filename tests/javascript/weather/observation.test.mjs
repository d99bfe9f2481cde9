import assert from "node:assert/strict";
import { test } from "node:test";

import { Observation } from "../../../gateway/dashboard/views/weather/observation.js";

const NOW = 1_760_000_600_000;
const TS = 1_760_000_000_000;

function snapshot({ ts = TS, values = { temperature: 3.4 }, freshness = { stale: false, reason: null }, to = NOW } = {}) {
  const latest = Object.fromEntries(Object.entries(values).map(([metric, value]) => [metric, { value, ts, unit: "°C" }]));
  return { window: { from: to - 1_000, to, series: [] }, latest: { device: "berlin", ts, latest, tags: { city: "Berlin" } }, freshness };
}

test("a place without an observation is told why", () => {
  const observation = new Observation();
  observation.snapshot({ window: { to: NOW }, latest: null, freshness: { stale: true, reason: "open-meteo: status 503" } }, NOW);
  assert.equal(observation.known, false);
  assert.equal(observation.ageMs(NOW), null);
  assert.deepEqual([observation.stale, observation.reason], [false, "open-meteo: status 503"]);
});

test("the age is by the server's clock, whatever the viewer's says", () => {
  const observation = new Observation();
  observation.snapshot(snapshot(), NOW + 3_600_000);
  assert.equal(observation.ageMs(NOW + 3_600_000), 600_000);
  assert.equal(observation.ageMs(NOW + 3_605_000), 605_000);
});

test("what the newest observation does not tell is not taken from an earlier one", () => {
  const observation = new Observation();
  const data = snapshot();
  data.latest.latest.weather_text = { value: "snow", ts: TS - 900_000 };
  observation.snapshot(data, NOW);
  assert.equal(observation.value("weather_text"), null);
  assert.deepEqual(observation.value("temperature"), { value: 3.4, unit: "°C" });
});

test("a mark makes it stale, the next observation ends that", () => {
  const observation = new Observation();
  observation.snapshot(snapshot(), NOW);
  observation.publication({ device: "berlin", ts: TS, values: { temperature: 3.4 }, stale: true, age_s: 1_801, reason: null });
  assert.deepEqual([observation.stale, observation.reason], [true, null]);
  observation.publication({ device: "berlin", ts: TS, values: { temperature: 3.4 }, stale: false, age_s: 1_801, reason: "status 503" });
  assert.deepEqual([observation.stale, observation.reason], [false, "status 503"]);
  observation.publication({ device: "berlin", ts: TS + 900_000, values: { temperature: 4.5 } });
  assert.deepEqual([observation.stale, observation.reason, observation.value("temperature").value], [false, null, 4.5]);
});

test("the past of a new place comes before its present", () => {
  const observation = new Observation();
  for (const hour of [3, 2, 1, 0]) {
    observation.publication({ device: "berlin", ts: TS - hour * 3_600_000, values: { temperature: hour } });
  }
  assert.deepEqual([observation.ts, observation.value("temperature").value], [TS, 0]);
});

test("after a break only what is told anew is wrong", () => {
  const observation = new Observation();
  observation.snapshot(snapshot({ freshness: { stale: true, reason: "why" } }), NOW);
  observation.well();
  assert.deepEqual([observation.stale, observation.reason, observation.known], [false, null, true]);
});

test("a reason has a bound", () => {
  const observation = new Observation();
  observation.snapshot(snapshot({ freshness: { stale: true, reason: "x".repeat(9_999) } }), NOW);
  assert.equal(observation.reason.length, 300);
});
