// What the viewer chooses of a metric: window, order, search and, where devices differ, the unit.

import { windowsFrom } from "../../live/windows.js";
import { el, mark, write } from "../../parts/dom.js";
import { SORTS } from "./ranking.js";

export const WINDOWS = windowsFrom("15m", "1h");
export const DEFAULT_WINDOW = "15m";

export class Controls {
  // `chosen({window, sort, search, unit})` is called with what changed.
  constructor({ texts, format }, chosen) {
    const { metric_view: words } = texts;
    Object.assign(this, { words, format, chosen });
    const select = (label, options, name) => {
      const field = el("select", { onchange: () => chosen({ [name]: field.value }) },
        ...options.map(([value, text]) => el("option", { value }, text)));
      return [el("label", {}, label, " ", field), field];
    };
    const [windowLabel, window] = select(words.window, [...WINDOWS.keys()].map((key) => [key, words.windows[key]]), "window");
    const [sortLabel, sort] = select(words.sort, SORTS.map((key) => [key, words.sorts[key]]), "sort");
    this.search = el("input", { type: "search", "aria-label": words.search, placeholder: words.search, maxlength: 128 });
    this.search.addEventListener("input", () => chosen({ search: this.search.value.trim() || null }));
    this.units = el("div", { class: "units", role: "group", "aria-label": words.several_units, title: words.several_units });
    Object.assign(this, { window, sort });
    this.element = el("div", { class: "controls" }, windowLabel, sortLabel, this.search, this.units);
  }

  show({ window, sort, search }) {
    this.window.value = window;
    this.sort.value = sort;
    if (this.search.value.trim() !== search) this.search.value = search;
  }

  // `units`: [{unit, count}], shown if there are several; `unit` is the one that is ranked.
  showUnits(units, unit) {
    const shown = units.length > 1 ? units : [];
    const known = [...this.units.children].map(({ value }) => value).join("\n");
    if (known !== shown.map((each) => each.unit).join("\n")) {
      const press = ({ target }) => this.chosen({ unit: target.value });
      this.units.replaceChildren(...shown.map((each) => el("button", { type: "button", value: each.unit, onclick: press })));
    }
    shown.forEach((each, at) => {
      const button = this.units.children[at];
      write(button, `${each.unit || this.words.no_unit} (${this.format.value(each.count)})`);
      mark(button, "aria-pressed", String(each.unit === unit));
    });
  }
}
