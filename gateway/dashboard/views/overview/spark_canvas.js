// A small line on a canvas, in the colour of its text.

import { strokes } from "./spark.js";
import { WINDOW_MS } from "./supply.js";

const EDGE = 2; // pixels: half a dot
const THINNED_MS = (4 * WINDOW_MS) / 60; // points that were thinned out are no silence

let colour = null;

// The colour is the same for all; a theme changes it. Returns whether it has.
export function recolour(canvas) {
  const now = canvas ? getComputedStyle(canvas).color : colour;
  const changed = now !== colour;
  colour = now;
  return changed;
}

export class Spark {
  constructor(canvas) {
    this.canvas = canvas;
    this.size = null;
  }

  // In pixels of the page; the same for all tiles.
  resize(width, height) {
    const scale = devicePixelRatio;
    const size = `${width}x${height}x${scale}`;
    if (size === this.size) return;
    this.size = size;
    [this.width, this.height, this.scale] = [width, height, scale];
    [this.canvas.width, this.canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  }

  // `now` by the clock of the device, whose points they are.
  draw(series, silentMs, now) {
    if (!this.size) return;
    const pen = this.canvas.getContext("2d");
    pen.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    if (!series?.length) return;
    series.forget(now - WINDOW_MS);
    const place = { width: this.width - 2 * EDGE, height: this.height - 2 * EDGE };
    const drawn = strokes(series, { fromMs: now - WINDOW_MS, toMs: now, gapMs: Math.max(silentMs, THINNED_MS), ...place });
    pen.translate(EDGE, EDGE);
    [pen.strokeStyle, pen.fillStyle, pen.lineWidth, pen.lineJoin, pen.lineCap] = [colour, colour, 1.5, "round", "round"];
    pen.beginPath();
    for (const [x, y, ...rest] of drawn) {
      pen.moveTo(x, y);
      if (!rest.length) pen.lineTo(x, y);
      for (let at = 0; at < rest.length; at += 2) pen.lineTo(rest[at], rest[at + 1]);
    }
    pen.stroke();
    const last = drawn.at(-1);
    if (!last) return;
    pen.beginPath();
    pen.arc(last.at(-2), last.at(-1), EDGE, 0, 2 * Math.PI);
    pen.fill();
  }
}
