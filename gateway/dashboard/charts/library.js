// uPlot, loaded when the first chart wants it, and its style sheet.

const VENDOR = new URL("../vendor/uplot/", import.meta.url);
const AGAIN_MS = 5_000;

let library = null;
let tries = 0;
export const plotSheet = new CSSStyleSheet();

// Rejects if it cannot be had, at once for a few seconds after that: so a chart may ask whenever it is drawn.
export function load() {
  if (library) return library;
  // A browser may remember a module that it could not get by its address.
  const script = new URL(tries === 0 ? "uPlot.esm.js" : `uPlot.esm.js?again=${tries}`, VENDOR);
  tries++;
  library = Promise.all([import(script), fetch(new URL("uPlot.min.css", VENDOR)).then(textOf)]).then(([{ default: uPlot }, css]) => {
    plotSheet.replaceSync(css);
    return uPlot;
  });
  library.catch(() => setTimeout(() => (library = null), AGAIN_MS));
  return library;
}

function textOf(answer) {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
  return answer.text();
}
