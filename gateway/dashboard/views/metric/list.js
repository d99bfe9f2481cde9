// The ranking as a table, a page of it at a time. Values change as they come; the order does so calmly, and not while
// somebody is at it.

import { el, mark, write } from "../../parts/dom.js";
import { pageOf } from "./ranking.js";
import { Row } from "./row.js";

const PAGE = 50;
const HOLD_MS = 10_000;

export class RankingList {
  // `deeds`: chosen(device, drawn), only(device), pointed(device or null), turned(page).
  constructor(context, metric, deeds) {
    Object.assign(this, { context, metric, deeds });
    const { metric_view: texts } = context.texts;
    this.rows = new Map();
    this.order = [];
    this.stats = null;
    this.touched = -Infinity;
    const heads = [["rank", texts.rank], ["line", texts.drawn], ["", texts.device], ["bar", ""], ["figure", texts.value], ["seen", texts.seen], ["actions", texts.actions]];
    this.body = el("tbody");
    this.caption = el("caption", { class: "hidden-text" }, texts.ranking);
    this.table = el("table", { class: "ranking" }, this.caption,
      el("thead", {}, el("tr", {}, ...heads.map(([name, text]) => (name === "bar" ? el("td", { class: name }) : el("th", { class: name, scope: "col" }, text))))),
      this.body);
    this.before = el("button", { type: "button", onclick: () => deeds.turned(this.page.page - 1) }, texts.before);
    this.after = el("button", { type: "button", onclick: () => deeds.turned(this.page.page + 1) }, texts.after);
    this.count = el("span", { class: "muted", role: "status" });
    this.pager = el("div", { class: "pager" }, this.before, this.count, this.after);
    this.nothing = el("p", { class: "muted", hidden: true });
    this.element = el("div", { class: "ranking-box" }, this.table, this.nothing, this.pager);
    for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) {
      this.body.addEventListener(event, () => (this.touched = Date.now()));
    }
    this.body.addEventListener("pointerleave", () => (this.touched = -Infinity));
  }

  get held() {
    return Date.now() - this.touched < HOLD_MS;
  }

  // `order`: all rows that match, ranked; `slots`: device → place of its line; `nothing`: what is said if there is no row.
  show(order, wantedPage, slots, stats, nothing) {
    this.page = pageOf(order.length, wantedPage, PAGE);
    this.stats = stats;
    const shown = order.slice(this.page.from, this.page.to);
    const kept = new Map(shown.map((row) => [row.device, this.rows.get(row.device) ?? this.newRow(row)]));
    for (const [device, row] of this.rows) if (!kept.has(device)) row.element.remove();
    this.rows = kept;
    this.arrange([...kept.values()].map(({ element }) => element));
    [...kept.values()].forEach((row, at) => row.place(this.page.from + at + 1, slots.get(row.row.device)));
    this.tellPage(order.length);
    this.table.hidden = order.length === 0;
    this.nothing.hidden = order.length > 0;
    write(this.nothing, nothing);
    this.draw(Date.now());
  }

  draw(now) {
    for (const row of this.rows.values()) row.draw(this.stats, now);
  }

  newRow(row) {
    return new Row(this.context, this.metric, row, this.deeds);
  }

  // What is moved loses the focus.
  arrange(elements) {
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    elements.forEach((element, at) => {
      if (this.body.children[at] !== element) this.body.insertBefore(element, this.body.children[at] ?? null);
    });
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
  }

  tellPage(count) {
    const { format, texts } = this.context;
    const { page, pages, from, to } = this.page;
    this.pager.hidden = pages === 1;
    const [first, last, all] = [from + 1, to, count].map((number) => format.value(number));
    write(this.count, texts.metric_view.rows(first, last, all));
    mark(this.before, "disabled", page === 1);
    mark(this.after, "disabled", page === pages);
  }
}
