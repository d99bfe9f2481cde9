// The wall screen: nothing but the board, dark and large, awake, and well again by itself for as long as it hangs there.

import { Healing } from "../../boards/healing.js";
import { el } from "../../parts/dom.js";
import { Preferences, storageOf } from "../../parts/preferences.js";
import { PageTurner } from "./page_turner.js";

const AWAKE_MS = 3_000;
const CHECK_MS = 5_000;
const TURN_MS = 15_000; // to read what is on a page
const TRIES = "wall-tries";

export class Wall {
  // `list` holds the items. `leave()` is called when the viewer wants to; `alone()`: whether no other board comes after this
  // one, so that its pages are turned here.
  constructor(context, list, { leave, alone }) {
    Object.assign(this, { context, leave, alone });
    this.root = document.documentElement;
    this.kept = new Preferences({ storage: storageOf(globalThis, "sessionStorage"), page: {} });
    this.healing = new Healing({ now: Date.now(), tries: Number(this.kept.get(TRIES)) || 0 });
    this.wasFull = Boolean(document.fullscreenElement);
    this.ending = new AbortController();
    const { signal } = this.ending;
    const failed = () => this.healing.failed(Date.now());
    addEventListener("error", failed, { signal });
    addEventListener("unhandledrejection", failed, { signal });
    addEventListener("keydown", (event) => event.key === "Escape" && this.leave(), { signal });
    for (const each of ["pointermove", "pointerdown", "wheel", "keydown"]) addEventListener(each, () => this.wake(), { signal, passive: true });
    document.addEventListener("fullscreenchange", () => this.screenChanged(), { signal });
    document.addEventListener("visibilitychange", () => this.keepLit(), { signal });
    this.timer = setInterval(() => this.check(), CHECK_MS);
    this.root.dataset.wall = "";
    this.pages = new PageTurner(list);
    this.button = el("button", { type: "button", class: "leave", onclick: () => this.leave() }, context.texts.board.leave);
    document.body.append(this.button);
    this.wake();
    this.keepLit();
  }

  close() {
    this.ending.abort();
    clearInterval(this.timer);
    clearTimeout(this.sleep);
    clearInterval(this.turning);
    this.pages.close();
    delete this.root.dataset.wall;
    delete this.root.dataset.awake;
    this.button.remove();
    this.light?.release().catch(() => {});
    this.light = null;
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  }

  // The pointer and the way out are there for a moment, and the page stays for whoever looks at it.
  wake() {
    this.root.dataset.awake = "";
    clearTimeout(this.sleep);
    clearInterval(this.turning);
    this.turning = setInterval(() => this.alone() && this.pages.turn(), TURN_MS);
    this.sleep = setTimeout(() => delete this.root.dataset.awake, AWAKE_MS);
  }

  // A browser takes Escape for itself while the screen is full.
  screenChanged() {
    if (this.wasFull && !document.fullscreenElement) this.leave();
    this.wasFull = Boolean(document.fullscreenElement);
  }

  // A hidden page loses the lock.
  async keepLit() {
    if (document.visibilityState !== "visible" || !navigator.wakeLock) return;
    try {
      const light = await navigator.wakeLock.request("screen");
      if (this.ending.signal.aborted) await light.release();
      else this.light = light;
    } catch {
      // The battery is low, or it is not allowed.
    }
  }

  async check() {
    const now = Date.now();
    this.healing.connection(this.context.connection.state, now);
    if (!this.healing.wanted(now) || this.asking) return;
    this.asking = true;
    try {
      const answer = await fetch("/", { cache: "no-store" });
      // A server that is away would leave the browser's own page on the wall.
      if (!answer.ok || this.ending.signal.aborted) return;
      this.kept.set(TRIES, this.healing.tries + 1);
      location.reload();
    } catch {
      // Later.
    } finally {
      this.asking = false;
    }
  }
}
