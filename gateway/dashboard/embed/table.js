// What a chart shows, as a table: the newest points first, made only while it is open.

import { write } from "../parts/dom.js";
import { part } from "./element.js";

const MOST_ROWS = 100;

export class Table {
  constructor() {
    this.details = part("details", "details");
    this.summary = part("summary", "toggle");
    const scroll = part("div", "scroll");
    scroll.tabIndex = 0; // so that the keyboard can scroll it
    this.caption = document.createElement("caption");
    this.heads = [document.createElement("th"), document.createElement("th")];
    for (const head of this.heads) head.scope = "col";
    this.body = document.createElement("tbody");
    const [table, top, row] = [part("table", "table"), document.createElement("thead"), document.createElement("tr")];
    row.append(...this.heads);
    top.append(row);
    table.append(this.caption, top, this.body);
    scroll.append(table);
    this.details.append(this.summary, scroll);
    this.details.addEventListener("toggle", () => this.fill());
  }

  show(series, words) {
    this.shown = { series, ...words };
    write(this.summary, words.format.texts.table);
    this.fill();
  }

  fill() {
    if (!this.details.open || !this.shown) return;
    const { series, format, label, unit } = this.shown;
    const rows = Math.min(series.length, MOST_ROWS);
    write(this.heads[0], format.texts.time);
    write(this.heads[1], unit ? `${label} (${unit})` : label);
    write(this.caption, format.texts.newest(rows, series.length));
    while (this.body.rows.length > rows) this.body.deleteRow(-1);
    for (let at = 0; at < rows; at++) {
      const row = this.body.rows[at] ?? this.body.insertRow();
      if (!row.cells.length) row.append(document.createElement("td"), document.createElement("td"));
      const from = series.length - 1 - at;
      write(row.cells[0], format.time(series.times[from]));
      write(row.cells[1], format.value(series.values[from]));
    }
  }
}
