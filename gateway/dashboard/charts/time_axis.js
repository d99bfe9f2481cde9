// The time that charts show: a window that ends now and goes on with it, or a part of it that stands still.
//
// Charts that have the same axis are zoomed together and have their cursors at the same time.

import { moved, scaled, within } from "./zoom.js";

const STEP = 0.25; // of what is seen

export class TimeAxis {
  constructor(windowMs, nowMs = Date.now()) {
    this.windowMs = windowMs;
    this.nowMs = nowMs;
    this.zoomed = null; // {fromMs, toMs} while it stands still
    this.cursorMs = null;
    this.listeners = new Set(); // called with what changed: "view", "time" or "cursor"
  }

  get view() {
    return this.zoomed ?? { fromMs: this.nowMs - this.windowMs, toMs: this.nowMs };
  }

  // Points before this are seen no more.
  get oldestMs() {
    return Math.min(this.nowMs - this.windowMs, this.zoomed?.fromMs ?? Infinity);
  }

  // Time goes on.
  tick(nowMs) {
    this.nowMs = nowMs;
    this.tell("time");
  }

  setWindow(windowMs) {
    this.windowMs = windowMs;
    this.show(null);
  }

  // Stand still at a part of what there is; null, or all of it, is live.
  show(span) {
    this.zoomed = span && within(span, { fromMs: this.oldestMs, toMs: this.nowMs });
    this.tell("view");
  }

  zoom(factor, atMs) {
    this.show(scaled(this.view, factor, atMs));
  }

  // By milliseconds; what is live has nowhere to go.
  move(byMs) {
    if (this.zoomed) this.show(moved(this.zoomed, byMs));
  }

  // What a key of the keyboard does; whether it does anything.
  key(name) {
    const { fromMs, toMs } = this.view;
    const deeds = {
      "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5),
      "-": () => this.zoom(2),
      ArrowLeft: () => this.move(-(toMs - fromMs) * STEP),
      ArrowRight: () => this.move((toMs - fromMs) * STEP),
      0: () => this.show(null),
    };
    deeds[name]?.();
    return name in deeds;
  }

  // The cursor of all charts; null is none.
  point(ms) {
    if (ms === this.cursorMs) return;
    this.cursorMs = ms;
    this.tell("cursor");
  }

  tell(what) {
    for (const listener of [...this.listeners]) listener(what);
  }
}
