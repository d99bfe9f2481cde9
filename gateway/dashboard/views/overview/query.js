// Which devices are shown, and in which order: what the viewer searches for, as it stands in the address.

import { unitText } from "../../live/format.js";
import { converted } from "../../live/units.js";

export const SORTS = ["name", "seen", "value"];
const MOST_TAGS = 300;
const SEEN_STEP_MS = 5_000; // who posts all the time does not overtake each other

// {q, tag, metric, sort, falling, silent} of an address's query (URLSearchParams).
export function wishesOf(query) {
  const sort = SORTS.includes(query.get("sort")) ? query.get("sort") : "name";
  return {
    q: query.get("q") ?? "",
    tag: query.get("tag") ?? "", // "key:value"
    metric: query.get("metric") ?? "",
    sort,
    falling: query.has("order") ? query.get("order") === "desc" : falls(sort),
    silent: query.get("silent") === "1",
  };
}

// The members of the query that say so; null for what need not be said.
export function queryOf({ q, tag, metric, sort, falling, silent }) {
  return {
    q: q || null,
    tag: tag || null,
    metric: metric || null,
    sort: sort === "name" ? null : sort,
    order: falling === falls(sort) ? null : falling ? "desc" : "asc",
    silent: silent ? "1" : null,
  };
}

// What is looked for first: the first name, the newest, the largest value.
export function falls(sort) {
  return sort !== "name";
}

// The devices that are wanted, in their order; `devices` are all of them, `names` is a collator of the viewer's language.
export function found(devices, wishes, now, names) {
  if (devices.some(({ rankedBy }) => rankedBy !== names)) rank(devices, names);
  const words = wishes.q.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = [];
  for (const device of devices) {
    if (wishes.tag && !device.tags.includes(wishes.tag)) continue;
    if (wishes.metric && !device.values.has(wishes.metric)) continue;
    if (wishes.silent && !device.freshness.silent(now)) continue;
    if (words.every((word) => device.searched.includes(word))) kept.push(device);
  }
  return sorted(kept, wishes, now);
}

function sorted(devices, { sort, metric, falling }, now) {
  const sign = falling ? -1 : 1;
  if (sort === "name" || (sort === "value" && !metric)) return devices.sort((a, b) => sign * byName(a, b));
  const places = sort === "value" ? placesOf(devices, metric) : null;
  const keyOf = (device) => (places ? comparable(device.values.get(metric), places) : { group: 0, key: seen(device, now) });
  const keys = new Map(devices.map((device) => [device, keyOf(device)]));
  return devices.sort((a, b) => {
    const [one, other] = [keys.get(a), keys.get(b)];
    // What has no number stands at the end, whichever way.
    if (one.key === null || other.key === null) return Number(one.key === null) - Number(other.key === null) || byName(a, b);
    return one.group - other.group || sign * (one.key - other.key) || byName(a, b);
  });
}

// Units that can be compared are one group, in its commonest unit; the largest group stands first:
// unit → {group, into: the unit in which it is compared}.
function placesOf(devices, metric) {
  const counts = new Map();
  for (const { values } of devices) {
    const known = values.get(metric);
    if (numberOf(known?.value) !== null) counts.set(unitText(known.unit), (counts.get(unitText(known.unit)) ?? 0) + 1);
  }
  const groups = []; // {into, units, count}
  for (const [unit, count] of [...counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1))) {
    const mine = groups.find(({ into }) => converted(0, unit, into) !== null);
    if (!mine) groups.push({ into: unit, units: [unit], count });
    else [mine.units, mine.count] = [[...mine.units, unit], mine.count + count];
  }
  groups.sort((a, b) => b.count - a.count);
  return new Map(groups.flatMap(({ into, units }, group) => units.map((unit) => [unit, { group, into }])));
}

function comparable(known, places) {
  const number = numberOf(known?.value);
  if (number === null) return { group: 0, key: null };
  const { group, into } = places.get(unitText(known.unit));
  return { group, key: converted(number, unitText(known.unit), into) };
}

// To compare names takes long, and is done only when there are new ones.
function rank(devices, names) {
  const inOrder = devices.toSorted((a, b) => names.compare(a.id, b.id) || (a.id < b.id ? -1 : 1));
  inOrder.forEach((device, at) => ([device.rank, device.rankedBy] = [at, names]));
}

function byName(a, b) {
  return a.rank - b.rank;
}

function seen(device, now) {
  const age = device.freshness.ageMs(now);
  return age === null ? null : -Math.floor(age / SEEN_STEP_MS);
}

function numberOf(value) {
  if (typeof value === "boolean") return Number(value);
  return Number.isFinite(value) ? value : null;
}

// What can be chosen from: {tags, metrics}, each [[text, how many devices], …] by name. Of too many tags the commonest
// are there.
export function choices(devices, names) {
  const [tags, metrics] = [new Map(), new Map()];
  for (const device of devices) {
    for (const tag of device.tags) tags.set(tag, (tags.get(tag) ?? 0) + 1);
    for (const metric of device.values.keys()) metrics.set(metric, (metrics.get(metric) ?? 0) + 1);
  }
  return { tags: listed(tags, names), metrics: listed(metrics, names) };
}

function listed(counts, names) {
  const commonest = [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_TAGS);
  return commonest.sort(([a], [b]) => names.compare(a, b));
}
