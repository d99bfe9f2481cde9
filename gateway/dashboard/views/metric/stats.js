// What all devices say now together: lowest, highest and mean of numbers, how many switches are on; and how many are silent.

import { meanOf } from "../../charts/lines.js";
import { el, write } from "../../parts/dom.js";

const FIGURES = ["lowest", "highest", "mean"];

export class Stats {
  constructor({ texts, format }) {
    Object.assign(this, { format, words: texts.metric_view });
    this.figures = FIGURES.map((name) => el("dd", { "data-figure": name }));
    const box = (name, figure) => el("div", {}, el("dt", {}, name), figure);
    this.boxes = this.figures.map((figure, at) => box(this.words[FIGURES[at]], figure));
    this.on = el("dd", { "data-figure": "on" });
    this.onBox = box(format.value(true), this.on);
    this.count = el("span");
    this.silent = el("span", { class: "state" });
    this.element = el("dl", { class: "stats" },
      ...this.boxes, this.onBox,
      box(this.words.reporting, el("dd", { "data-figure": "reporting" }, this.count, this.silent)));
  }

  // `kind` as kindOf() says.
  show(kind, stats, unit, count, silent) {
    const { format, words } = this;
    for (const each of this.boxes) each.hidden = kind !== "number";
    this.onBox.hidden = kind !== "switch";
    write(this.on, kind === "switch" ? format.value(Math.round(stats.mean * stats.count)) : "");
    FIGURES.forEach((name, at) => {
      const value = stats && (name === "mean" ? meanOf(stats) : stats[name]);
      const text = stats === null ? "–" : `${format.value(value)}${unit ? `\u00a0${unit}` : ""}`;
      write(this.figures[at], text);
    });
    write(this.count, format.value(count));
    write(this.silent, silent > 0 ? ` ${words.silent(format.value(silent))}` : "");
  }
}
