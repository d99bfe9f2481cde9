// Lines over time: uPlot in an element, as large as that is, in the colours of its custom properties.
//
// uPlot has axes, grid and cursor; the lines are drawn here, each of its own series, as series do not have points at the
// same times.

import { Colours } from "./colours.js";
import { load } from "./library.js";
import { factorOf, rangeOf, runsOf } from "./lines.js";
import { SWITCH, optionsOf } from "./plot_options.js";

export { plotSheet } from "./library.js";

// Text of its usual size, in pixels.
const USUAL_TEXT = 15;
// In less room the line stands alone.
const LEAST_ROOM = 80;
const SWITCH_RANGE = [-0.2, 1.2];
const FAINT = 0.2;

export class Plot {
  // `hover(ms or null)`: the time that the cursor is at. `missing(whether)`: uPlot cannot be had, or is there at last.
  constructor(place, hover, missing) {
    Object.assign(this, { place, hover, missing });
    this.chart = null;
    this.shown = null;
    this.frame = null;
    this.scales = [];
    this.costMs = 0; // of the last time that it was painted
    this.resized = new ResizeObserver(() => this.resize());
    this.colours = new Colours(place, () => this.later());
  }

  open() {
    this.wanted = true;
    this.colours.open();
    this.load();
  }

  load() {
    this.loading ??= load().then((uPlot) => {
      if (!this.wanted) return;
      this.uPlot = uPlot;
      this.resized.observe(this.place);
      this.missing(false);
      this.draw();
    }, () => this.wanted && this.missing(true)).finally(() => (this.loading = null));
  }

  close() {
    this.wanted = false;
    this.resized.disconnect();
    this.colours.close();
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.chart?.destroy();
    this.chart = null;
  }

  // At most once for each frame that is painted. `lines`: {series, unit, silentMs, held (a switch: 0 or 1), steps,
  // colour (a custom property), dash, faint}. A line is broken where nothing came for longer than its `silentMs`.
  show(lines, fromMs, toMs, format) {
    this.shown = { lines, fromMs, toMs, format };
    this.later();
  }

  later() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    if (this.wanted && !this.uPlot) this.load();
    if (!this.uPlot || !this.shown) return;
    const scales = scalesOf(this.shown.lines);
    const { bare, size } = this.look();
    const changed = scales.join() !== this.scales.join() || bare !== this.bare || size !== this.size;
    if (!this.chart || changed) this.build(scales, { bare, size });
    const { fromMs, toMs } = this.shown;
    const ranges = scales.map((scale) => [scale, this.range(scale)]);
    this.factors = new Map(ranges.map(([scale, range]) => [scale, factorOf(range)]));
    this.ranges = new Map(ranges.map(([scale, range]) => [scale, range.map((end) => end / this.factors.get(scale))]));
    this.chart.setData([[fromMs, toMs], ...scales.map(() => [null, null])]);
  }

  range(scale) {
    if (scale === SWITCH) return SWITCH_RANGE;
    const mine = this.shown.lines.filter((line) => scaleOf(line) === scale);
    const held = new Set(mine.filter(({ steps }) => steps).map(({ series }) => series));
    return rangeOf(mine.map(({ series }) => series), this.shown, held) ?? [0, 1];
  }

  // `size`: how much larger than usual the text is; `bare`: there is no room for axes.
  look() {
    const size = parseFloat(getComputedStyle(this.place).fontSize) / USUAL_TEXT || 1;
    return { size, bare: this.place.clientHeight < LEAST_ROOM * size };
  }

  build(scales, { bare, size }) {
    this.chart?.destroy();
    Object.assign(this, { scales, bare, size });
    this.chart = new this.uPlot(optionsOf(this, scales), [[0, 1], ...scales.map(() => [null, null])], this.place);
  }

  resize() {
    const { width, height } = this.place.getBoundingClientRect();
    if (!this.chart || width === 0 || height === 0) return;
    this.chart.setSize({ width: Math.floor(width), height: Math.floor(height) });
    this.later(); // there may be room for axes now, or no longer
  }

  lines(chart) {
    const began = performance.now();
    const { ctx, bbox } = chart;
    const { fromMs, toMs } = this.shown;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = 1.6 * this.size * devicePixelRatio;
    ctx.lineJoin = "round";
    const across = (ms) => bbox.left + ((ms - fromMs) / (toMs - fromMs)) * bbox.width;
    for (const line of this.shown.lines) {
      if (!(scaleOf(line) in chart.scales)) continue; // of the chart that is built in the next frame
      const factor = this.factors.get(scaleOf(line));
      const up = (value) => chart.valToPos(value / factor, scaleOf(line), true);
      ctx.strokeStyle = ctx.fillStyle = this.colours.of(line.colour);
      ctx.globalAlpha = line.faint ? FAINT : 1;
      const runs = runsOf(line.series, this.shown, Math.max(1, bbox.width), line.silentMs);
      if (line.held || line.steps) lengthen(runs, line, toMs);
      for (const run of runs) this.run(ctx, run, across, up, line);
      ctx.setLineDash([]);
    }
    ctx.restore();
    this.costMs = performance.now() - began;
  }

  run(ctx, run, across, up, { dash = [], held = false, steps = false }) {
    ctx.beginPath();
    if (run.length === 2) {
      ctx.arc(across(run[0]), up(run[1]), 2.5 * this.size * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fill();
      return;
    }
    ctx.setLineDash(dash.map((length) => length * this.size * devicePixelRatio));
    for (let at = 0; at < run.length; at += 2) {
      const [x, y] = [across(run[at]), up(run[at + 1])];
      if ((held || steps) && at > 0) ctx.lineTo(x, up(run[at - 1]));
      ctx.lineTo(x, y);
    }
    ctx.stroke();
  }

  // Show the cursor at a time, without telling of it; null hides it.
  point(ms) {
    if (!this.chart) return;
    const left = ms === null ? -10 : this.chart.valToPos(ms, "x");
    const inside = left >= 0 && left <= this.chart.over.clientWidth;
    this.chart.setCursor({ left: inside ? left : -10, top: inside ? 0 : -10 }, false);
  }

  // The share (0 to 1) of the width at which a pointer is.
  shareOf(clientX) {
    const { left, width } = this.chart.over.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width));
  }

  // Mark a part of the width; null marks none.
  select(shares) {
    const { clientWidth, clientHeight } = this.chart.over;
    const [from, to] = shares ?? [0, 0];
    this.chart.setSelect({ left: from * clientWidth, width: (to - from) * clientWidth, top: 0, height: clientHeight }, false);
  }

  probe(name) {
    return this.colours.probe(name);
  }
}

// The last value of what holds lasts to the end of what is seen, or for as long as nothing is amiss.
function lengthen(runs, { series, silentMs = Infinity }, toMs) {
  const run = runs.at(-1);
  if (run && run.at(-2) === series.times.at(-1)) run.push(Math.min(toMs, run.at(-2) + silentMs), run.at(-1));
}

function scaleOf({ held, unit }) {
  return held ? SWITCH : `of ${unit ?? ""}`;
}

// At least one, so that there are axes before there is a line.
function scalesOf(lines) {
  return [...new Set(lines.length > 0 ? lines.map(scaleOf) : ["of "])];
}
