// What the tab tells while another one is looked at: the view's title, how many alerts there are, whether it is live.

import { mark } from "./dom.js";

// "(2) greenhouse-7 · Windsock".
export function titleOf(title, count) {
  const named = title ? `${title} · Windsock` : "Windsock";
  return count > 0 ? `(${count}) ${named}` : named;
}

// A tab has no style sheet: these stand on light and on dark.
const SOCK = { live: "#f76707", lost: "#868e96" };
const DOT = "#e03131";

export function faviconOf({ live, count }) {
  const sock = live ? `fill="${SOCK.live}"` : `fill="none" stroke="${SOCK.lost}" stroke-width="2"`;
  const dot = count > 0 ? `<circle cx="24" cy="24" r="7" fill="${DOT}" stroke="#fff" stroke-width="2"/>` : "";
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M5 3v27" stroke="${SOCK.lost}" stroke-width="3" ` +
    `stroke-linecap="round"/><path d="M7 4l22 5v8L7 22z" ${sock}/>${dot}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

export class Attention {
  constructor(page = document) {
    this.page = page;
    this.link = page.querySelector("link[rel=icon]");
    this.title = "";
    this.first = null;
    this.count = 0;
    this.live = false;
    this.show();
  }

  // How many alerts there are.
  set(count) {
    this.count = count;
    this.show();
  }

  titled(title) {
    this.title = title;
    this.show();
  }

  // What counts more than the view, until it is null again.
  insist(title) {
    this.first = title;
    this.show();
  }

  connected(live) {
    this.live = live;
    this.show();
  }

  show() {
    const title = titleOf(this.first ?? this.title, this.count);
    if (this.page.title !== title) this.page.title = title;
    mark(this.link, "href", faviconOf(this));
  }
}
