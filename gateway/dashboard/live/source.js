// What an element shows: one metric of one device or place, and where it is found in what a topic brings.

export class SourceError extends Error {}

const ALONE = ["device:", "weather:"];
const METRIC = "metric:";

// {topic, metric, device}: "device:greenhouse-7" and "temperature", or "metric:temperature" and "greenhouse-7".
// Throws SourceError with a `code` that the texts know.
export function sourceOf(topic, metric, device) {
  const fail = (code) => {
    throw Object.assign(new SourceError(code), { code });
  };
  const prefix = [...ALONE, METRIC].find((each) => topic?.startsWith(each) && topic.length > each.length);
  if (!prefix) fail("topic");
  if (prefix !== METRIC) return metric ? { topic, metric, device: null } : fail("metric");
  const named = topic.slice(METRIC.length);
  if (metric && metric !== named) fail("metric");
  return device ? { topic, metric: named, device } : fail("device");
}

// A publication's {value, ts, unit}; null if it is not about the source.
export function readingOf(source, data) {
  if (source.device !== null) {
    const mine = data.device === source.device && source.metric in data;
    return mine ? { value: data[source.metric], ts: data.ts } : null;
  }
  if (!Object.hasOwn(data.values ?? {}, source.metric)) return null;
  return { value: data.values[source.metric], ts: data.ts, unit: data.units?.[source.metric] };
}

// A snapshot's newest {value, ts, unit, seen, paceMs}; null if nothing is known. `seen` is the server's time at which it
// came, where that is known; `paceMs` how often one comes, if the source says so.
export function latestOf(source, latest) {
  if (source.device !== null) {
    const row = latest?.find((each) => each.device === source.device);
    return row ? { value: row[source.metric], ts: row.ts } : null;
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
