// What a chart shows, as a table: the newest points in view first, made only while it is open.

import { el, write } from "../parts/dom.js";
import { rowsOf } from "./lines.js";

const MOST_ROWS = 100;

export class Table {
  constructor() {
    this.summary = el("summary", { part: "toggle" });
    this.caption = el("caption");
    this.head = el("tr");
    this.body = el("tbody");
    const table = el("table", { part: "table", class: "points" }, this.caption, el("thead", {}, this.head), this.body);
    // The keyboard can scroll it.
    this.scroll = el("div", { part: "scroll", class: "scroll", tabindex: "0", role: "region" }, table);
    this.details = el("details", { part: "details", class: "table" }, this.summary, this.scroll);
    this.details.addEventListener("toggle", () => this.fill());
  }

  // `lines`: {series, label, unit, held}.
  show(lines, { fromMs, toMs }, format) {
    this.shown = { lines, span: { fromMs, toMs }, format };
    write(this.summary, format.texts.table);
    this.scroll.setAttribute("aria-label", [format.texts.table, ...lines.map(({ label }) => label)].join(" "));
    this.fill();
  }

  // While there is no picture, the table stands open in its place; then it is again as the viewer had it.
  standIn(alone) {
    if (alone === (this.before !== undefined)) return;
    if (alone) [this.before, this.details.open] = [this.details.open, true];
    else [this.details.open, this.before] = [this.before, undefined];
  }

  fill() {
    if (!this.details.open || !this.shown) return;
    const { lines, span, format } = this.shown;
    const { rows, all } = rowsOf(lines.map(({ series }) => series), span, MOST_ROWS);
    const heads = [format.texts.time, ...lines.map(({ label, unit }) => (unit ? `${label} (${unit})` : label))];
    write(this.caption, format.texts.newest(rows.length, all));
    cellsOf(this.head, heads, () => el("th", { scope: "col" }));
    while (this.body.rows.length > rows.length) this.body.deleteRow(-1);
    rows.forEach(({ ts, values }, at) => {
      const texts = values.map((value, each) => {
        if (value === undefined) return "";
        return format.value(lines[each].held ? value === 1 : value);
      });
      cellsOf(this.body.rows[at] ?? this.body.insertRow(), [format.time(ts), ...texts], () => el("td"));
    });
  }
}

function cellsOf(row, texts, make) {
  while (row.cells.length > texts.length) row.lastElementChild.remove();
  texts.forEach((text, at) => write(row.cells[at] ?? row.appendChild(make()), text));
}
