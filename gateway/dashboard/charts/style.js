// How charts look: a sheet that goes wherever one is, the page or a shadow tree.

import { plotSheet } from "./library.js";

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
.chart, .line-colours {
  --series-1: light-dark(#0969da, #58a6ff);
  --series-2: light-dark(#bc4c00, #f0883e);
  --series-3: light-dark(#0b7a5b, #3fcf9f);
  --series-4: light-dark(#8250df, #bc8cff);
  --series-5: light-dark(#bf3989, #f778ba);
  --series-6: light-dark(#7a6400, #d8b93c);
  --series-7: light-dark(#a40e26, #ff8e8e);
  --series-8: light-dark(#1b7c9e, #56c8e8);
}
.chart {
  --grid: color-mix(in srgb, currentColor 14%, transparent);
  min-inline-size: 0;
}
.chart .plot { block-size: var(--chart-height, 14rem); position: relative; overflow: hidden; touch-action: pan-y; cursor: crosshair; user-select: none; }
.chart .picture { position: absolute; inset: 0; overflow: hidden; }
.chart .u-select { background: color-mix(in srgb, var(--series-1) 22%, transparent); }
.chart .u-cursor-x { border-inline-end-color: color-mix(in srgb, currentColor 60%, transparent); }
.chart .empty { position: absolute; inset: 0; display: grid; place-items: center; text-align: center; padding-inline: 1rem; color: var(--muted); pointer-events: none; }
.chart .empty[hidden] { display: none; }
.chart .readout { inline-size: 100%; max-inline-size: 46rem; table-layout: fixed; border-collapse: collapse; font-size: .85rem; }
.chart .readout :is(th, td) { padding: .1rem 0 .1rem .5rem; text-align: end; font-weight: 400; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.chart .readout tbody td { white-space: normal; overflow-wrap: anywhere; }
.chart .readout thead * { color: var(--muted); font-size: .75rem; }
.chart .readout thead th { white-space: normal; overflow-wrap: anywhere; hyphens: auto; }
.chart .readout :first-child:is(th, td) { inline-size: 36%; padding-inline-start: 0; text-align: start; }
.chart .readout td.value { font-weight: 600; }
.chart .name { display: flex; align-items: center; gap: .4rem; inline-size: 100%; }
.chart .name .label { overflow: hidden; text-overflow: ellipsis; }
.chart .name .unit { color: var(--muted); }
.chart button.name { justify-content: start; min-block-size: 1.5rem; border: 0; padding: .1rem 0; background: none; font: inherit; color: inherit; text-align: start; cursor: pointer; }
.chart button.name[aria-pressed="false"] { color: var(--muted); text-decoration: line-through; }
.sample { inline-size: 1.5rem; block-size: .5rem; flex: none; }
.sample line { stroke-width: 2; }
.chart details.table { font-size: .85rem; }
.chart details.table summary { color: var(--muted); cursor: pointer; inline-size: fit-content; }
.chart .scroll { max-block-size: 15rem; overflow: auto; }
.chart .points { border-collapse: collapse; }
.chart .points caption { text-align: start; color: var(--muted); }
.chart .points :is(th, td) { text-align: end; padding: .1rem 1rem .1rem 0; white-space: nowrap; }
.axis-bar { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem; min-block-size: 2rem; font-size: .85rem; }
.axis-bar .span { color: var(--muted); }
.axis-bar .still { color: var(--stale); font-weight: 600; }
.axis-bar .buttons { display: flex; gap: .25rem; margin-inline-start: auto; }
.axis-bar button:disabled { opacity: .4; cursor: default; }
@media (max-width: 30rem) {
  .chart .readout :is(th, td) { padding-inline-start: .2rem; }
  .chart .readout :first-child:is(th, td) { inline-size: 34%; }
  .chart .sample { inline-size: 1rem; }
}
`);

// The shadow tree that `place` is in, or the page.
export function adopt(place) {
  const root = place.getRootNode() instanceof ShadowRoot ? place.getRootNode() : document;
  for (const each of [sheet, plotSheet]) {
    if (!root.adoptedStyleSheets.includes(each)) root.adoptedStyleSheets.push(each);
  }
}
