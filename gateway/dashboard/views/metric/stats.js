// Lowest, highest and mean of what all devices say now, and how many are silent.

import { meanOf } from "../../charts/lines.js";
import { el, write } from "../../parts/dom.js";

const FIGURES = ["lowest", "highest", "mean"];

export class Stats {
  constructor({ texts, format }) {
    Object.assign(this, { format, words: texts.metric_view });
    this.figures = FIGURES.map((name) => el("dd", { "data-figure": name }));
    this.count = el("span");
    this.silent = el("span", { class: "state" });
    this.element = el("dl", { class: "stats" },
      ...this.figures.map((figure, at) => el("div", {}, el("dt", {}, this.words[FIGURES[at]]), figure)),
      el("div", {}, el("dt", {}, this.words.reporting), el("dd", { "data-figure": "reporting" }, this.count, this.silent)));
  }

  show(stats, unit, count, silent) {
    const { format, words } = this;
    FIGURES.forEach((name, at) => {
      const value = stats && (name === "mean" ? meanOf(stats) : stats[name]);
      const text = stats === null ? "–" : `${format.value(value)}${unit ? `\u00a0${unit}` : ""}`;
      write(this.figures[at], text);
    });
    write(this.count, format.value(count));
    write(this.silent, silent > 0 ? ` ${words.silent(format.value(silent))}` : "");
  }
}
