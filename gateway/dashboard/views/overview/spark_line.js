// A small line. It is a drawing and no canvas: each canvas would be a layer of its own, which
// a browser puts together with all others anew whenever a tile comes or goes.

import { mark } from "../../parts/dom.js";
import { strokes } from "./spark.js";
import { WINDOW_MS } from "./supply.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [300, 30]; // whatever its size is: the drawing is stretched, its strokes are not
const THINNED_MS = (4 * WINDOW_MS) / 60; // points that were thinned out are no silence

export class Spark {
  constructor() {
    [this.node, this.line, this.end] = ["svg", "path", "path"].map((name) => document.createElementNS(SVG, name));
    this.node.append(this.line, this.end);
    const attributes = { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
    for (const [name, value] of Object.entries(attributes)) this.node.setAttribute(name, value);
  }

  // `now` by the clock of the device, whose points they are.
  draw(series, silentMs, now) {
    series?.forget(now - WINDOW_MS);
    const place = { width: WIDTH, height: HEIGHT, gapMs: Math.max(silentMs, THINNED_MS) };
    const drawn = series?.length ? strokes(series, { fromMs: now - WINDOW_MS, toMs: now, ...place }) : [];
    mark(this.line, "d", drawn.map(pathOf).join(""));
    mark(this.end, "d", drawn.length ? pathOf(drawn.at(-1).slice(-2)) : "");
  }
}

// A stroke of one point is a dot.
function pathOf(stroke) {
  const numbers = stroke.map((number) => number.toFixed(1));
  return stroke.length === 2 ? `M${numbers}h0` : `M${numbers}`;
}
