// The lines of a chart by name: the value at the cursor or the newest, and lowest, highest and mean of what is in view.
//
// Its columns keep their widths whatever stands in them. A name is a button that hides its line and shows it again.

import { el, mark, write } from "../parts/dom.js";
import { meanOf, pointAt, summaryOf } from "./lines.js";

const SVG = "http://www.w3.org/2000/svg";
const COLUMNS = ["value", "lowest", "highest", "mean"];

export class Readout {
  // `changed()`: another line is hidden, or pointed at.
  constructor(format, changed) {
    Object.assign(this, { format, changed });
    this.hidden = new Set(); // keys of lines
    this.pointed = null;
    this.rows = new Map();
    this.when = el("td", { class: "when" });
    const { charts } = format.texts;
    const titles = { mean: charts.drawn_mean };
    const heads = COLUMNS.map((name) => el("th", { scope: "col", title: titles[name] }, charts[name] ?? format.texts[name]));
    this.body = el("tbody");
    this.element = el("table", { class: "readout" }, el("thead", {}, el("tr", {}, this.when, ...heads)), this.body);
  }

  setLines(lines) {
    // What is the same keeps its row, and with it the focus.
    const same = lines.length === this.rows.size && lines.every((line) => alike(line, this.rows.get(line.key)?.line));
    if (same) {
      for (const line of lines) this.rows.get(line.key).line = line;
      return;
    }
    this.rows = new Map(lines.map((line) => [line.key, this.row(line, lines.length > 1)]));
    this.body.replaceChildren(...[...this.rows.values()].map(({ element }) => element));
  }

  row(line, many) {
    const cells = COLUMNS.map((name) => el("td", { class: name }));
    const unit = line.unit ? el("span", { class: "unit" }, line.unit) : null;
    const words = [sample(line), el("span", { class: "label", title: line.label }, line.label), unit];
    const label = many ? this.toggle(line, words) : el("span", { class: "name" }, ...words);
    const element = el("tr", {}, el("th", { scope: "row" }, label), ...cells);
    element.addEventListener("pointerenter", () => many && this.point(line.key));
    element.addEventListener("pointerleave", () => many && this.point(null));
    return { line, element, cells, label };
  }

  toggle(line, words) {
    const flip = () => {
      if (!this.hidden.delete(line.key)) this.hidden.add(line.key);
      this.changed();
    };
    return el("button", { type: "button", class: "name", "aria-pressed": "true", onclick: flip }, ...words);
  }

  point(key) {
    this.pointed = key;
    this.changed();
  }

  show({ fromMs, toMs }, cursorMs) {
    write(this.when, cursorMs === null ? "" : this.format.time(cursorMs));
    for (const { line, cells, label } of this.rows.values()) {
      if (label.tagName === "BUTTON") mark(label, "aria-pressed", String(!this.hidden.has(line.key)));
      const { series, held, steps } = line;
      const last = cursorMs === null;
      const at = pointAt(series, last ? toMs : cursorMs, last ? Infinity : line.silentMs, last || held || steps);
      const found = summaryOf(line, { fromMs, toMs });
      // The mean of a switch is the share of its readings that are on: no value that it ever has.
      const told = held ? [at?.value] : [at?.value, found?.lowest, found?.highest, found && meanOf(found)];
      cells.forEach((cell, place) => write(cell, place < told.length ? this.text(told[place], line) : ""));
    }
  }

  text(value, { held }) {
    if (value === undefined || value === null) return "–";
    return this.format.value(held ? value === 1 : value);
  }
}

function alike(one, other) {
  return ["label", "unit", "held", "colour"].every((name) => one[name] === other?.[name]);
}

// A piece of the line.
export function sample({ colour, dash }) {
  const [svg, line] = ["svg", "line"].map((name) => document.createElementNS(SVG, name));
  const set = (node, all) => Object.entries(all).forEach(([name, value]) => node.setAttribute(name, value));
  set(svg, { viewBox: "0 0 24 8", class: "sample", "aria-hidden": "true" });
  set(line, { x1: 1, x2: 23, y1: 4, y2: 4, "stroke-dasharray": dash.join(" ") });
  line.style.stroke = `var(${colour})`;
  svg.append(line);
  return svg;
}
