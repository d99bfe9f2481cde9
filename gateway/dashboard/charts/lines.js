// What is drawn of a series: as many points as can be told apart, broken where nothing came. Pure.

const DIGITS = 4; // of a mean
const MOST_MORE = 9;

// [[ms, value, ms, value, …], …]: runs of points without a silence between them, with the neighbours on either side of the
// span, so that lines come from somewhere. Of each of `columns` parts of the span the first, lowest, highest and last stay.
export function runsOf(series, { fromMs, toMs }, columns, silentMs = Infinity) {
  const { times, values } = series;
  const first = Math.max(0, series.before(fromMs) - 1);
  const end = Math.min(times.length, series.after(toMs) + 1);
  const perMs = columns / (toMs - fromMs);
  const runs = [];
  let run = null;
  for (let at = first; at < end; ) {
    if (run === null || series.broken(at, silentMs)) runs.push((run = []));
    const column = Math.floor((times[at] - fromMs) * perMs);
    let [lowest, highest, last] = [at, at, at];
    for (let next = at + 1; next < end; next++) {
      if (Math.floor((times[next] - fromMs) * perMs) !== column || series.broken(next, silentMs)) break;
      if (values[next] < values[lowest]) lowest = next;
      if (values[next] > values[highest]) highest = next;
      last = next;
    }
    const kept = [at, Math.min(lowest, highest), Math.max(lowest, highest), last];
    kept.forEach((each, place) => (place === 0 || each !== kept[place - 1]) && run.push(times[each], values[each]));
    at = last + 1;
  }
  return runs;
}

// [lowest, highest] of several series within a span (of their neighbours if nothing is in it), with some room; null
// without any point. Of those that are `held`, a set, the one before the span belongs to it.
export function rangeOf(all, { fromMs, toMs }, held = new Set()) {
  let [lowest, highest] = [Infinity, -Infinity];
  for (const series of all) {
    let [first, end] = [series.before(fromMs), series.after(toMs)];
    if (first === end) [first, end] = [Math.max(0, first - 1), Math.min(series.length, end + 1)];
    else if (held.has(series)) first = Math.max(0, first - 1);
    for (let at = first; at < end; at++) {
      lowest = Math.min(lowest, series.values[at]);
      highest = Math.max(highest, series.values[at]);
    }
  }
  if (lowest > highest) return null;
  const room = highest * 0.08 - lowest * 0.08 || Math.abs(highest) * 0.05 || 1;
  return [Math.max(-Number.MAX_VALUE, lowest - room), Math.min(Number.MAX_VALUE, highest + room)];
}

// By what an axis from `lowest` to `highest` is divided so that uPlot, which has steps of 1e-32 to 5e31 and numbers of up
// to 17 digits, finds steps for it.
export function factorOf([lowest, highest]) {
  const largest = Math.max(Math.abs(lowest), Math.abs(highest));
  if (largest === 0 || (largest >= 1e-20 && largest < 1e15)) return 1;
  return 10 ** Math.max(-300, Math.floor(Math.log10(largest)) - 9);
}

// The point that a cursor at `ms` is about: {ts, value}, or null where nothing came. What is `held` lasts until the next.
export function pointAt(series, ms, silentMs = Infinity, held = false) {
  const { times, values } = series;
  const after = series.after(ms);
  let at = after - 1;
  if (!held && after < times.length && (at < 0 || times[after] - ms < ms - times[at])) at = after;
  if (at < 0) return null;
  const onLine = after > 0 && after < times.length && !series.broken(after, silentMs);
  return onLine || Math.abs(ms - times[at]) <= silentMs ? { ts: times[at], value: values[at] } : null;
}

// The summary of a line within a span. What holds from before belongs to it, as it is seen there.
export function summaryOf({ series, silentMs, steps = false }, { fromMs, toMs }) {
  const found = series.summary(fromMs, toMs);
  const before = steps ? pointAt(series, fromMs, silentMs, true) : null;
  if (before === null || before.ts === fromMs) return found;
  const { value } = before;
  if (found === null) return { lowest: value, highest: value, mean: value, count: 1 };
  const { lowest, highest, mean, count } = found;
  return {
    lowest: Math.min(lowest, value),
    highest: Math.max(highest, value),
    mean: mean + (value - mean) / (count + 1),
    count: count + 1,
  };
}

// The mean of a summary, with four digits of itself and of what lies between its lowest and highest.
export function meanOf({ lowest, highest, mean }) {
  if (highest === lowest) return lowest;
  const decimals = (number) => DIGITS - 1 - Math.floor(Math.log10(Math.abs(number)));
  const ofRange = decimals(highest - lowest);
  // A mean that is next to nothing beside its range is the noise of binary fractions.
  const wanted = Math.max(ofRange, mean === 0 ? 0 : Math.min(decimals(mean), ofRange + MOST_MORE));
  if (wanted > 15) return mean;
  if (Math.abs(mean) <= Number.MAX_SAFE_INTEGER) return Number(mean.toFixed(Math.max(0, wanted)));
  const digits = Math.floor(Math.log10(Math.abs(mean))) + 1 + wanted;
  return Number(mean.toPrecision(Math.min(17, Math.max(DIGITS, digits))));
}

// Rows of a table, the newest first: {rows: [{ts, values: [one for each series, or undefined]}], all: how many there are}.
export function rowsOf(all, { fromMs, toMs }, most) {
  const places = all.map((series) => series.after(toMs) - 1);
  const firsts = all.map((series) => series.before(fromMs));
  const rows = [];
  for (let count = 0; ; count++) {
    const ts = Math.max(...all.map(({ times }, each) => (places[each] >= firsts[each] ? times[places[each]] : -Infinity)));
    if (ts === -Infinity) return { rows, all: count };
    const here = places.map((at, each) => at >= firsts[each] && all[each].times[at] === ts);
    const values = here.map((is, each) => (is ? all[each].values[places[each]] : undefined));
    if (rows.length < most) rows.push({ ts, values });
    here.forEach((is, each) => is && places[each]--);
  }
}
