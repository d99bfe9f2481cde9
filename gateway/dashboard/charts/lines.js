// What is drawn of a series: as many points as can be told apart, broken where nothing came. Pure.

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
    if (run === null || times[at] - times[at - 1] > silentMs) runs.push((run = []));
    const column = Math.floor((times[at] - fromMs) * perMs);
    let [lowest, highest, last] = [at, at, at];
    for (let next = at + 1; next < end; next++) {
      if (Math.floor((times[next] - fromMs) * perMs) !== column || times[next] - times[next - 1] > silentMs) break;
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
// without any point.
export function rangeOf(all, { fromMs, toMs }) {
  let [lowest, highest] = [Infinity, -Infinity];
  for (const series of all) {
    let [first, end] = [series.before(fromMs), series.after(toMs)];
    if (first === end) [first, end] = [Math.max(0, first - 1), Math.min(series.length, end + 1)];
    for (let at = first; at < end; at++) {
      lowest = Math.min(lowest, series.values[at]);
      highest = Math.max(highest, series.values[at]);
    }
  }
  if (lowest > highest) return null;
  const room = (highest - lowest) * 0.08 || Math.abs(highest) * 0.05 || 1;
  return [lowest - room, highest + room];
}

// The point that a cursor at `ms` is about: {ts, value}, or null where nothing came. Of a switch it is the one before.
export function pointAt(series, ms, silentMs = Infinity, held = false) {
  const after = series.after(ms);
  let at = after - 1;
  if (!held && after < series.length && (at < 0 || series.times[after] - ms < ms - series.times[at])) at = after;
  if (at < 0 || Math.abs(ms - series.times[at]) > silentMs) return null;
  return { ts: series.times[at], value: series.values[at] };
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
    if (rows.length < most) rows.push({ ts, values: here.map((is, each) => (is ? all[each].values[places[each]] : undefined)) });
    here.forEach((is, each) => is && places[each]--);
  }
}
