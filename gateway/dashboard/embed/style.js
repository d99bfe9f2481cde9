// How the elements look. A page changes it by custom properties, and by ::part(…).

export const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host {
  --live: var(--windsock-live, light-dark(#1a7f37, #4ac26b));
  --stale: var(--windsock-stale, light-dark(#9a6700, #e3b341));
  --offline: var(--windsock-offline, light-dark(#cf222e, #ff7b72));
  --muted: var(--windsock-muted, color-mix(in srgb, currentColor 70%, transparent));
  --line: var(--windsock-line, light-dark(#0969da, #58a6ff));
  --grid: var(--windsock-grid, color-mix(in srgb, currentColor 20%, transparent));
  display: inline-block;
  color: var(--windsock-text, inherit);
  background: var(--windsock-background, transparent);
  font-variant-numeric: tabular-nums;
}
:host(windsock-chart) { display: block; }
:host([hidden]) { display: none; }
[part="value"] { font-weight: 600; }
[part="label"], [part="unit"], [part="age"], [part="summary"], [part="readout"] { color: var(--muted); }
[part="note"] { font-size: .85em; }
[part="note"]::before { content: ""; display: inline-block; inline-size: .6em; block-size: .6em; border-radius: 50%;
  margin-inline-end: .35em; background: var(--offline); }
:host([state="live"]) [part="note"]::before { background: var(--live); }
:host([state="stale"]) [part="note"]::before { background: var(--stale); }
:host([state="stale"]) [part="state"] { color: var(--stale); }
:host([state="offline"]) [part="state"] { color: var(--offline); }
:host([state="stale"]) [part="figure"], :host([state="offline"]) [part="figure"],
:host(:is([state="stale"], [state="offline"])) [part="beside"] { opacity: .7; }
:host([state="stale"]) [part="plot"], :host([state="offline"]) [part="plot"] { opacity: .5; }
[part="beside"] { margin-inline-end: .5em; }
[part="beside"] :is([part="word"], [part="source"]) { color: var(--muted); }
/* Pale twice would be too pale to read. */
:host(:is([state="stale"], [state="offline"])) :is([part="unit"], [part="word"], [part="source"]) { color: inherit; }
[part="source"] { font-size: .75em; }
[part="plot"] { block-size: var(--windsock-height, 12rem); overflow: hidden; position: relative; }
[part="summary"], [part="readout"] { font-size: .85em; min-block-size: 1.4em; }
[part="missing"] { margin: 0; color: var(--stale); }
[part="missing"]:empty { display: none; }
[part="table"] { border-collapse: collapse; font-size: .85em; }
[part="table"] caption { text-align: start; color: var(--muted); }
[part="table"] :is(th, td) { text-align: end; padding: .1em .8em .1em 0; }
[part="scroll"] { max-block-size: 15rem; overflow: auto; }
@media (forced-colors: active) { [part="note"]::before { forced-color-adjust: none; background: CanvasText; } }
`);
