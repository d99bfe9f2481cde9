// The tiles near the view, of however many devices: the others do not exist until somebody scrolls to them. They are
// drawn at most once for each frame that is painted, new values ten times a second, and only those in which
// something is new.

import { el, mark } from "../../parts/dom.js";
import { columnsOf, heightOf, near, placeOf } from "./grid.js";
import { Tile } from "./tile.js";

// In rem: as large as the viewer's type.
const LEAST_WIDTH = 17;
const ROW = 12;
const GAP = 0.75;
const LINES_MS = 4_000; // a pixel or so
// Values that change faster than anybody reads are painted together: to paint costs the more the larger the screen.
const TOGETHER_MS = 100;

export class Tiles {
  // `looked(devices)` is called with those in view, when they are others than before.
  constructor(context, { menu, looked }) {
    Object.assign(this, { context, menu, looked });
    this.list = el("ul", { class: "tiles" });
    this.devices = []; // all that are found, in their order
    this.tiles = new Map(); // by device: those that are there
    this.dirty = new Set();
    this.frame = null; // that is asked for
    this.together = null; // the timer of values that wait for others
    this.wanted = "";
    this.linesAt = 0;
    this.moved = () => this.rearrange();
    this.resized = new ResizeObserver(() => this.measure());
  }

  open() {
    this.resized.observe(this.list);
    addEventListener("scroll", this.moved, { passive: true });
    addEventListener("resize", this.moved);
  }

  close() {
    this.resized.disconnect();
    removeEventListener("scroll", this.moved);
    removeEventListener("resize", this.moved);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.together);
    this.frame = this.together = null;
  }

  show(devices, wanted) {
    this.devices = devices;
    if (wanted !== this.wanted) this.tiles.forEach((_, id) => this.dirty.add(id));
    this.wanted = wanted;
    this.rearrange();
  }

  change(id) {
    if (!this.tiles.has(id)) return;
    this.dirty.add(id);
    this.together ??= setTimeout(() => {
      this.together = null;
      this.soon();
    }, TOGETHER_MS);
  }

  redraw() {
    for (const id of this.tiles.keys()) this.dirty.add(id);
    this.soon();
  }

  rearrange() {
    this.moves = true;
    this.soon();
  }

  measure() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = this.list.clientWidth;
    const gap = GAP * rem;
    const size = { columns: columnsOf(width, LEAST_WIDTH * rem, gap), row: ROW * rem, gap, width };
    if (JSON.stringify(size) === JSON.stringify(this.size)) return;
    this.size = size;
    this.list.style.setProperty("--tile-height", `${size.row}px`);
    this.list.style.setProperty("--tile-width", `${placeOf(0, size).width}px`);
    this.rearrange();
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.render();
    });
  }

  render() {
    if (!this.size) this.measure();
    const now = Date.now();
    if (this.moves) this.arrange();
    for (const id of this.dirty) this.tiles.get(id)?.draw(now, this.wanted);
    this.dirty.clear();
  }

  // Ages go on by themselves, and, slower, lines move with the time.
  tick(now) {
    const lines = now - this.linesAt >= LINES_MS;
    if (lines) this.linesAt = now;
    for (const tile of this.tiles.values()) {
      tile.age(now);
      if (lines && !this.dirty.has(tile.device.id)) tile.drawLine(now);
    }
  }

  // How far the view is below the list's beginning.
  get top() {
    return -this.list.getBoundingClientRect().top;
  }

  arrange() {
    this.moves = false;
    const { devices, size, list } = this;
    const { from, to, first, last } = near(devices.length, this.top, innerHeight, size);
    list.style.blockSize = `${heightOf(devices.length, size)}px`;
    const there = [];
    for (let at = from; at < to; at++) there.push(at);
    const held = this.held();
    if (held >= 0 && held < from) there.unshift(held);
    if (held >= to) there.push(held);
    this.keep(new Set(there.map((at) => devices[at].id)));
    let next = list.firstElementChild;
    for (const at of there) {
      const tile = this.tiles.get(devices[at].id) ?? this.make(devices[at]);
      next = this.put(tile.node, next);
      this.place(tile, at);
    }
    const inView = devices.slice(first, last);
    if (inView.length === this.seen?.length && inView.every((device, at) => device === this.seen[at])) return;
    this.seen = inView;
    this.looked(inView);
  }

  // Where the keyboard is: that tile stays, also if it is scrolled away. -1 if it is elsewhere.
  held() {
    const id = document.activeElement?.closest("[data-device]")?.dataset.device;
    return id !== undefined && this.tiles.has(id) ? this.devices.findIndex((device) => device.id === id) : -1;
  }

  keep(wanted) {
    for (const [id, tile] of this.tiles) {
      if (wanted.has(id)) continue;
      tile.node.remove();
      this.tiles.delete(id);
    }
  }

  make(device) {
    const tile = new Tile(this.context, device, this.menu);
    this.tiles.set(device.id, tile);
    this.dirty.add(device.id);
    return tile;
  }

  // `node` stands before `next`; one that has the focus would lose it, so the others go around it.
  put(node, next) {
    if (node === next) return next.nextElementSibling;
    if (!node.contains(document.activeElement) || node.parentNode !== this.list) {
      this.list.insertBefore(node, next);
      return next;
    }
    while (next && next !== node) {
      const other = next;
      next = next.nextElementSibling;
      this.list.append(other);
    }
    return node.nextElementSibling;
  }

  place(tile, at) {
    const { left, top } = placeOf(at, this.size);
    mark(tile.node, "aria-posinset", at + 1);
    mark(tile.node, "aria-setsize", this.devices.length);
    if (left === tile.left && top === tile.top) return;
    [tile.left, tile.top] = [left, top];
    [tile.node.style.left, tile.node.style.top] = [`${left}px`, `${top}px`]; // a transform would cost at each paint
  }
}
