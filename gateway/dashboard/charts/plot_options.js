// What uPlot is told of a plot: its scales, axes and cursor. It shows axes and grid; the lines are drawn by the plot.
//
// `plot` is asked each time that something is drawn: {place, size, bare, colours, shown, ranges, factors}, lines(chart) and
// hover(ms). --grid is the colour of the grid.

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
// Of an axis, in pixels where text is of its usual size; all of it grows with the text of the element.
const LABEL = 12;
const LEAST_LABEL = 11;
const LEAST_AXIS = 56;
const BETWEEN_TIMES = 12;
const LEAST_RIGHT = 25;
const WIDE_TIME = new Date(2028, 11, 28, 22, 48, 58).getTime();
const TIMES = 30;
const SPACE_Y = 30;
const TICK = { size: 10, gap: 5 };
const FONT = `system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif`;
// The scale of switches.
export const SWITCH = "switch";

export function optionsOf(plot, scales) {
  const { width, height } = plot.place.getBoundingClientRect();
  const { size } = plot;
  const grid = { stroke: () => plot.colours.of("--grid"), width: size };
  const axis = {
    stroke: () => getComputedStyle(plot.place).color,
    show: !plot.bare,
    font: `${Math.max(LEAST_LABEL, Math.round(LABEL * size))}px ${FONT}`,
    grid,
    ticks: { ...grid, size: TICK.size * size },
    gap: TICK.gap * size,
  };
  const times = {
    ...axis,
    values: (_chart, splits) => splits.map((ms) => timeText(plot, ms)),
    size: TIMES * Math.max(1, size),
    space: (chart) => timeWidth(plot, chart) + BETWEEN_TIMES * Math.max(1, size),
  };
  const ranges = scales.map((scale) => [scale, { auto: true, range: () => plot.ranges?.get(scale) ?? [0, 1] }]);
  return {
    width: Math.max(1, Math.floor(width)),
    height: Math.max(1, Math.floor(height)),
    ms: 1,
    padding: [null, (chart, _side, [, right]) => (right || plot.bare ? 0 : halfOfTime(plot, chart)), null, null],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { setScale: false, x: false, y: false },
      bind: { mousedown: () => null, mouseup: () => null, dblclick: () => null },
    },
    scales: {
      x: { time: true, range: () => [plot.shown?.fromMs ?? 0, plot.shown?.toMs ?? 1] },
      ...Object.fromEntries(ranges),
    },
    axes: [times, ...scales.slice(0, 2).map((scale, at) => axisOf(plot, axis, scale, at))],
    series: [{}, ...scales.map((scale) => ({ scale, paths: () => null, points: { show: false } }))],
    hooks: {
      draw: [(chart) => plot.lines(chart)],
      setCursor: [({ cursor, posToVal }) => plot.hover(cursor.left >= 0 ? posToVal(cursor.left, "x") : null)],
    },
  };
}

// The unit of the first stands left, that of a second right; a switch has two words instead of numbers.
function axisOf(plot, axis, scale, at) {
  const word = (value, step) => {
    const { format } = plot.shown;
    if (scale === SWITCH) return format.value(value === 1);
    const factor = plot.factors?.get(scale) ?? 1;
    return format.step(value * factor, step * factor);
  };
  return {
    ...axis,
    scale,
    side: at === 0 ? 3 : 1,
    ...(at === 0 ? {} : { grid: { show: false } }),
    ...(scale === SWITCH ? { splits: () => [0, 1] } : {}),
    values: (_chart, splits, _axis, _space, step) => splits.map((value) => word(value, step)),
    size: (...of) => Math.max(LEAST_AXIS * plot.size, widest(...of)),
    space: SPACE_Y * Math.max(1, plot.size),
  };
}

// Ticks are whole seconds, but for the noise of binary fractions.
function timeText(plot, ms) {
  return plot.shown.format.time(Math.round(ms), clockOf(plot));
}

// Of the labels of the time axis.
function timeWidth(plot, chart) {
  const { fromMs, toMs } = plot.shown;
  const widths = [WIDE_TIME, fromMs, toMs].map((ms) => widthOf(chart, 0, timeText(plot, ms)));
  return Math.max(...widths);
}

// So that one at the right end is not cut off.
function halfOfTime(plot, chart) {
  return Math.max(LEAST_RIGHT, Math.ceil(timeWidth(plot, chart) / 2));
}

function clockOf({ shown }) {
  const span = shown.toMs - shown.fromMs;
  if (span <= 10 * MINUTE_MS) return { timeStyle: "medium" };
  return span <= DAY_MS ? { timeStyle: "short" } : { dateStyle: "short", timeStyle: "short" };
}

// Room for the longest label of an axis, and of charts one above another usually the same.
function widest(chart, values, axis, cycle) {
  const known = chart.axes[axis];
  if (cycle > 1) return known._size;
  const longest = (values ?? []).reduce((most, each) => (each.length > most.length ? each : most), "");
  const gap = known.ticks.size + known.gap;
  return Math.ceil(gap + widthOf(chart, axis, longest));
}

function widthOf(chart, axis, text) {
  chart.ctx.font = chart.axes[axis].font[0];
  return chart.ctx.measureText(text).width / devicePixelRatio;
}
