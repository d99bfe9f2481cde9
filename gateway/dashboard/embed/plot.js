// The line itself: uPlot in an element, as wide as that is, in the colours of its custom properties.

const VENDOR = new URL("../vendor/uplot/", import.meta.url);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

let library = null;
export const plotSheet = new CSSStyleSheet();

function load() {
  library ??= Promise.all([
    import(new URL("uPlot.esm.js", VENDOR)),
    fetch(new URL("uPlot.min.css", VENDOR)).then((answer) => answer.text()),
  ]).then(([{ default: uPlot }, css]) => {
    plotSheet.replaceSync(css);
    return uPlot;
  });
  library.catch(() => (library = null)); // the next one tries again
  return library;
}

export class Plot {
  // `hover(index or null)`: which point the cursor is at.
  constructor(place, hover) {
    this.place = place;
    this.hover = hover;
    this.chart = null;
    this.shown = null;
    this.frame = null;
    this.resized = new ResizeObserver(() => this.resize());
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.recolour = () => this.draw();
  }

  open() {
    this.wanted = true;
    load().then((uPlot) => {
      if (!this.wanted || this.chart) return;
      this.chart = new uPlot(this.options(), [[], []], this.place);
      this.resized.observe(this.place);
      this.dark.addEventListener("change", this.recolour);
      this.draw();
    }, () => {});
  }

  close() {
    this.wanted = false;
    this.resized.disconnect();
    this.dark.removeEventListener("change", this.recolour);
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.chart?.destroy();
    this.chart = null;
  }

  // At most once for each frame that is painted. The line is broken where nothing came for longer than `silentMs`.
  show(series, fromMs, toMs, silentMs, format) {
    this.shown = { series, fromMs, toMs, silentMs, format };
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    if (!this.chart || !this.shown) return;
    this.colours = getComputedStyle(this.place);
    this.chart.setData([this.shown.series.times, this.shown.series.values]);
  }

  resize() {
    const { width, height } = this.place.getBoundingClientRect();
    if (this.chart && width > 0 && height > 0) this.chart.setSize({ width: Math.floor(width), height: Math.floor(height) });
  }

  options() {
    const { width, height } = this.place.getBoundingClientRect();
    const text = () => this.colours?.color ?? "gray";
    const custom = (name) => () => this.probe(name);
    const axis = { stroke: text, grid: { stroke: custom("--grid"), width: 1 }, ticks: { stroke: custom("--grid"), width: 1 } };
    return {
      width: Math.max(1, Math.floor(width)),
      height: Math.max(1, Math.floor(height)),
      ms: 1,
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false, x: false, y: false } },
      scales: { x: { time: true, range: () => [this.shown?.fromMs ?? 0, this.shown?.toMs ?? 1] } },
      axes: [
        { ...axis, values: (_chart, splits) => splits.map((ms) => this.shown.format.time(ms, this.clock())), size: 30 },
        { ...axis, values: (_chart, splits) => splits.map((value) => this.shown.format.value(value)), size: widest },
      ],
      series: [{}, { stroke: custom("--line"), width: 2, points: { size: 4 }, gaps: (chart) => this.gaps(chart) }],
      hooks: { setCursor: [({ cursor }) => this.hover(cursor.idx ?? null)] },
    };
  }

  // In pixels of the canvas.
  gaps(chart) {
    if (!this.shown) return [];
    const silences = this.shown.series.silences(this.shown.silentMs);
    return silences.map((edges) => edges.map((ms) => Math.round(chart.valToPos(ms, "x", true))));
  }

  // A custom property as a colour that a canvas knows: light-dark() and the like are worked out by the browser.
  probe(name) {
    this.tester ??= this.place.appendChild(document.createElement("i"));
    this.tester.hidden = true;
    this.tester.style.color = `var(${name})`;
    return getComputedStyle(this.tester).color;
  }

  clock() {
    const span = this.shown.toMs - this.shown.fromMs;
    if (span <= 10 * MINUTE_MS) return { timeStyle: "medium" };
    return span <= DAY_MS ? { timeStyle: "short" } : { dateStyle: "short", timeStyle: "short" };
  }
}

// Room for the longest label of an axis.
function widest(chart, values, axis, cycle) {
  const known = chart.axes[axis];
  if (cycle > 1) return known._size;
  const longest = (values ?? []).reduce((most, each) => (each.length > most.length ? each : most), "");
  const gap = known.ticks.size + known.gap;
  if (longest === "") return gap + 16;
  chart.ctx.font = known.font[0];
  return Math.ceil(gap + chart.ctx.measureText(longest).width / devicePixelRatio);
}
