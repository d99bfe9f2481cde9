// What an element shows: one metric of one device or place, and where it is found in what a topic brings.

import { ownOf } from "./own.js";

export class SourceError extends Error {}

const ALONE = ["device:", "weather:"];
const METRIC = "metric:";
const COMPARE = "compare:";
const COMPARED_METRIC = "temperature"; // unless the topic names one
// What a comparison tells: the device's value, the weather's, and what lies between them. `outdated` is the weather's age.
const SIDES = {
  inside: ({ value, ts, unit, age_s }) => ({ value, ts, unit, age_s }),
  outside: ({ outside, outside_ts, outside_unit, outside_age_s, stale }) => (
    { value: outside, ts: outside_ts, unit: outside_unit, age_s: outside_age_s, outdated: stale === true }),
  difference: ({ difference, ts, unit, age_s, stale }) => (
    { value: difference, ts, unit, age_s, outdated: stale === true }),
};

// {topic, metric, device}: "device:greenhouse-7" and "temperature", or "metric:temperature" and "greenhouse-7". Of
// "compare:greenhouse-7:berlin" the metric is a side of it, and `compared` says of what.
// Throws SourceError with a `code` that the texts know.
export function sourceOf(topic, metric, device) {
  const fail = (code) => {
    throw Object.assign(new SourceError(code), { code });
  };
  if (topic?.startsWith(COMPARE)) {
    const compared = comparedOf(topic) ?? fail("topic");
    if (metric && !Object.hasOwn(SIDES, metric)) fail("side");
    return { topic, metric: metric || "inside", device: null, compared: { ...compared, all: !metric } };
  }
  const prefix = [...ALONE, METRIC].find((each) => topic?.startsWith(each) && topic.length > each.length);
  if (!prefix) fail("topic");
  if (prefix !== METRIC) return metric ? { topic, metric, device: null } : fail("metric");
  const named = topic.slice(METRIC.length);
  if (metric && metric !== named) fail("metric");
  return device ? { topic, metric: named, device } : fail("device");
}

// {device, place, metric} of a comparison's topic, or null. Devices' names may hold colons, places' never do.
export function comparedOf(topic) {
  const found = /^compare:(.+):([^:/]+)(?:\/(.+))?$/s.exec(topic);
  return found && { device: found[1], place: found[2], metric: found[3] ?? COMPARED_METRIC };
}

// A publication's {value, ts, unit}; null if it is not about the source. Of a comparison also `ageMs`, as the server
// says, and whether the weather is `outdated`.
export function readingOf(source, data) {
  if (source.compared) {
    const { age_s, ...reading } = SIDES[source.metric](data);
    if (reading.value === null || reading.value === undefined || !Number.isFinite(reading.ts)) return null;
    const outdated = reading.outdated || (source.compared.all && data.stale === true);
    return { ...reading, outdated, ageMs: age_s * 1_000 };
  }
  if (source.device !== null) {
    const mine = data.device === source.device && Object.hasOwn(data, source.metric);
    return mine ? valueIn(data, source.metric) : null;
  }
  if (!Object.hasOwn(data.values ?? {}, source.metric)) return null;
  return { value: data.values[source.metric], ts: data.ts, unit: ownOf(data.units, source.metric) };
}

// {value, ts, unit} of what a metric's topic tells of a device. A metric called "unit" has none.
export function valueIn(data, metric) {
  return { value: ownOf(data, metric), ts: data.ts, unit: metric === "unit" ? undefined : data.unit };
}

// A snapshot's newest {value, ts, unit, seen, paceMs}; null if nothing is known. `seen` is the server's time at which it
// came, where that is known; `paceMs` how often one comes, if the source says so.
export function latestOf(source, latest) {
  if (source.device !== null) {
    const row = latest?.find((each) => each.device === source.device);
    return row ? valueIn(row, source.metric) : null;
  }
  if (!Object.hasOwn(latest?.latest ?? {}, source.metric)) return null;
  const { value, ts, unit } = latest.latest[source.metric];
  const paceMs = Number(latest.tags?.interval_s) * 1000 || undefined;
  return { value, ts, unit, seen: ts === latest.ts ? latest.last_seen : undefined, paceMs };
}

// A snapshot's points, [[ts, value], …] with ascending ts, and their unit.
export function pointsOf(source, window) {
  const mine = ({ device, metric }) => metric === source.metric && (source.device ?? device) === device;
  const series = window?.series.find(mine);
  return { points: series?.points ?? [], unit: series?.unit };
}
