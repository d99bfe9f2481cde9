// uPlot, loaded when the first chart wants it, and its style sheet.

const VENDOR = new URL("../vendor/uplot/", import.meta.url);

let library = null;
export const plotSheet = new CSSStyleSheet();

export function load() {
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
