// Pointer, wheel and keyboard on a chart: what they do to its time axis.
//
// Mouse: drag zooms to what is marked, shift-drag moves, double-click is live again; a wheel zooms with Ctrl (as pinching
// on a touchpad does) or while the chart has the focus, so that a page can be scrolled over its charts. Fingers: one moves
// what is zoomed, two pinch.

import { pinched } from "./zoom.js";

const LEAST_SHARE = 0.01; // a shorter drag is a click
const WHEEL = 0.0015; // per pixel
const LINE_PX = 16;

export class Gestures {
  constructor(place, plot, axis) {
    Object.assign(this, { place, plot, axis });
    this.pointers = new Map(); // id → {share, ms}
    this.drag = null;
    const options = { passive: false };
    place.addEventListener("pointerdown", (event) => this.ready && this.down(event));
    place.addEventListener("pointermove", (event) => this.ready && this.move(event));
    for (const name of ["pointerup", "pointercancel"]) place.addEventListener(name, (event) => this.up(event));
    place.addEventListener("pointerleave", () => this.axis.point(null));
    place.addEventListener("dblclick", () => this.axis.show(null));
    place.addEventListener("wheel", (event) => this.ready && this.wheel(event), options);
    place.addEventListener("keydown", (event) => this.key(event));
    place.addEventListener("blur", () => this.axis.point(null));
  }

  get ready() {
    return Boolean(this.plot.chart);
  }

  timeAt(share) {
    const { fromMs, toMs } = this.axis.view;
    return fromMs + share * (toMs - fromMs);
  }

  down(event) {
    if (event.button !== 0 || this.pointers.size > 1) return;
    const share = this.plot.shareOf(event.clientX);
    this.pointers.set(event.pointerId, { share, ms: this.timeAt(share) });
    this.place.setPointerCapture(event.pointerId);
    const moves = event.shiftKey || event.pointerType === "touch";
    this.drag = this.pointers.size > 1 ? null : { id: event.pointerId, share, ms: this.timeAt(share), moves };
  }

  move(event) {
    const share = this.plot.shareOf(event.clientX);
    const pointer = this.pointers.get(event.pointerId);
    if (pointer) pointer.share = share;
    if (this.pointers.size === 2) this.pinch();
    else if (this.drag?.moves && this.axis.zoomed) this.axis.move(this.drag.ms - this.timeAt(share));
    else if (this.drag && !this.drag.moves) this.plot.select([this.drag.share, share].sort((a, b) => a - b));
    if (this.pointers.size < 2) this.axis.point(this.timeAt(share));
  }

  pinch() {
    const [one, other] = this.pointers.values();
    const span = pinched(one.ms, other.ms, one.share, other.share);
    if (span) this.axis.show(span);
  }

  up(event) {
    const drag = this.drag?.id === event.pointerId ? this.drag : null;
    this.pointers.delete(event.pointerId);
    if (!drag) return;
    this.drag = null;
    if (drag.moves || !this.ready) return;
    this.plot.select(null);
    const share = this.plot.shareOf(event.clientX);
    if (event.type !== "pointerup" || Math.abs(share - drag.share) < LEAST_SHARE) return;
    const [from, to] = [drag.share, share].sort((a, b) => a - b);
    this.axis.show({ fromMs: this.timeAt(from), toMs: this.timeAt(to) });
  }

  wheel(event) {
    const pixels = event.deltaMode === 1 ? LINE_PX : 1;
    const aside = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!event.ctrlKey && !event.metaKey && !this.place.matches(":focus")) return;
    event.preventDefault();
    const { fromMs, toMs } = this.axis.view;
    if (aside) this.axis.move(((event.deltaX || event.deltaY) * pixels * (toMs - fromMs)) / this.place.clientWidth);
    else this.axis.zoom(Math.exp(event.deltaY * pixels * WHEEL), this.timeAt(this.plot.shareOf(event.clientX)));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.axis.key(event.key)) event.preventDefault();
  }
}
