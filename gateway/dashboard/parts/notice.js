// A word about what was just done or has happened, at the edge of the page: announced, taken away by itself after a while.

import { el } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 10_000;

export class Notice {
  // It is there before anything is said, so that screen readers listen to it.
  constructor(place) {
    this.region = el("div", { id: "notice", role: "status" });
    place.append(this.region);
  }

  // `label` and `act`: a button and what it does; `close`: what the other one is called.
  say(text, { label = null, act = null, close = "×" } = {}) {
    const button = label && el("button", { type: "button", onclick: () => (this.end(), act()) }, label);
    const end = el("button", { type: "button", class: "quiet", "aria-label": close, onclick: () => this.end() }, icon("close"));
    this.region.replaceChildren(el("p", {}, el("span", {}, text), button, end));
    this.wait();
  }

  // Not while somebody reads it or is about to press its button.
  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.region.matches(":hover, :focus-within") ? this.wait() : this.end()), SHOWN_MS);
  }

  end() {
    clearTimeout(this.timer);
    this.region.replaceChildren();
  }
}
