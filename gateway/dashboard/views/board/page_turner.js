// Turns the pages of a board on a wall, where not all of it can be seen.

import { nextPage, rowHeight } from "../../boards/paging.js";

const LEAST_ROW_REM = 6.4; // what a value needs to be read

export class PageTurner {
  // `list` is what holds the items, and scrolls.
  constructor(list) {
    this.list = list;
    list.tabIndex = 0; // arrow keys scroll it
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(list);
    this.fit();
  }

  close() {
    this.resized.disconnect();
    this.list.removeAttribute("tabindex");
    this.list.style.removeProperty("--row");
    this.list.scrollTop = 0;
  }

  fit() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const gap = parseFloat(getComputedStyle(this.list).rowGap) || 0;
    const height = rowHeight({ height: this.list.clientHeight, gap, least: LEAST_ROW_REM * rem });
    this.list.style.setProperty("--row", `${height}px`);
  }

  // To the next page, or to the first after the last: returns whether there was one.
  turn() {
    const { list } = this;
    const items = [...list.children].map((each) => ({ top: each.offsetTop, bottom: each.offsetTop + each.offsetHeight }));
    const next = nextPage(items, { top: list.scrollTop, height: list.clientHeight });
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    list.scrollTo({ top: next ?? 0, behavior: still ? "instant" : "smooth" });
    return next !== null;
  }
}
