// What the viewer must not miss, above everything else: one line for each key, until it is taken back.

import { el, write } from "./dom.js";

export class Banner {
  // `place` is an element that announces what changes in it (role=status).
  constructor(place) {
    this.place = place;
    this.lines = new Map();
    // What sticks below it has to know how high it is.
    new ResizeObserver(() => document.documentElement.style.setProperty("--banner", `${place.offsetHeight}px`)).observe(place);
  }

  // Show `text` under `key`, or take it back with null. `level`: "bad" (what is shown is not live), "warn" or "good".
  // `aside` changes all the time and is not announced, as an age; `action` is {label, run}, a button.
  set(key, text, level = "bad", { aside = "", action = null } = {}) {
    let line = this.lines.get(key);
    if (text === null) {
      line?.element.remove();
      this.lines.delete(key);
      return;
    }
    if (!line) {
      line = { words: el("span"), aside: el("span", { "aria-hidden": "true" }), button: el("button", { type: "button" }) };
      line.button.addEventListener("click", () => line.run());
      line.element = el("p", { "data-key": key }, line.words, line.aside, line.button);
      this.lines.set(key, line);
      this.place.append(line.element);
    }
    line.element.dataset.level = level;
    line.run = action?.run;
    line.button.hidden = action === null;
    write(line.button, action?.label ?? "");
    write(line.words, text);
    write(line.aside, aside);
  }
}
