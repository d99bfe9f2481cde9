// The small line of a tile: points to strokes, in units of a drawing that is stretched to its place.

// Of a series what is drawn from `fromMs` to `toMs` in `width` by `height`: a list of strokes, each [x, y, x, y, …]. A
// stroke ends where nothing came for longer than `gapMs`; a value that never changes lies in the middle.
export function strokes({ times, values }, { fromMs, toMs, width, height, gapMs }) {
  const first = times.findIndex((ts) => ts >= fromMs);
  if (first < 0) return [];
  let [lowest, highest] = [Infinity, -Infinity];
  for (let at = first; at < values.length; at++) {
    if (values[at] < lowest) lowest = values[at];
    if (values[at] > highest) highest = values[at];
  }
  const xOf = (ts) => Math.min(width, ((ts - fromMs) / (toMs - fromMs)) * width);
  const yOf = (value) => (highest > lowest ? height * (1 - (value - lowest) / (highest - lowest)) : height / 2);
  const made = [];
  for (let at = first; at < times.length; at++) {
    if (at === first || times[at] - times[at - 1] > gapMs) made.push([]);
    made.at(-1).push(xOf(times[at]), yOf(values[at]));
  }
  return made;
}
