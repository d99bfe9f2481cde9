// What the viewer must not miss, above everything else: one line for each key, until it is taken back.

import { el, write } from "./dom.js";

export class Banner {
  // `place` is an element that announces what changes in it (role=status).
  constructor(place) {
    this.place = place;
    this.lines = new Map();
  }

  // Show `text` under `key`, or take it back with null. `level`: "bad" (what is shown is not live) or "good".
  set(key, text, level = "bad") {
    let line = this.lines.get(key);
    if (text === null) {
      line?.remove();
      this.lines.delete(key);
      return;
    }
    if (!line) {
      line = el("p", { "data-key": key });
      this.lines.set(key, line);
      this.place.append(line);
    }
    line.dataset.level = level;
    write(line, text);
  }
}
