// Search, filters, order, and how many devices are shown of how many.

import { el, mark, write } from "../../parts/dom.js";
import { icon } from "../../parts/icons.js";
import { SORTS, falls } from "./query.js";
import { label } from "./tile.js";

export class Toolbar {
  // `changed(changes)` is called with members of the wishes that the viewer has changed.
  constructor(context, changed) {
    this.context = context;
    const choose = (name) => el("select", { onchange: ({ target }) => changed({ [name]: target.value }) });
    this.search = el("input", { type: "search", oninput: ({ target }) => changed({ q: target.value }), maxlength: 200 });
    [this.tag, this.metric] = [choose("tag"), choose("metric")];
    this.sort = el("select", { onchange: ({ target }) => changed({ sort: target.value, falling: falls(target.value) }) });
    this.order = el("button", { type: "button", onclick: () => changed({ falling: !this.wishes.falling }) }, icon("sort"));
    this.silent = el("button", { type: "button", onclick: () => changed({ silent: !this.wishes.silent }) });
    this.count = el("p", { class: "muted", role: "status" });
    this.node = el("div", { class: "toolbar", role: "search" }, this.search, this.tag, this.metric, this.sort, this.order, this.silent, this.count);
  }

  // The viewer's wishes, and the words for everything in the viewer's language.
  show(wishes) {
    this.wishes = wishes;
    const texts = this.context.texts.overview;
    if (this.search.value !== wishes.q) this.search.value = wishes.q;
    mark(this.search, "placeholder", texts.search);
    const names = [[this.search, texts.search], [this.tag, texts.tag], [this.metric, texts.metric], [this.sort, texts.sort]];
    for (const [node, name] of names) mark(node, "aria-label", name);
    mark(this.node, "aria-label", texts.search);
    options(this.sort, SORTS.map((sort) => [sort, texts.sorts[sort]]), wishes.sort);
    const way = wishes.falling ? texts.falling : texts.rising;
    mark(this.order, "aria-label", way);
    mark(this.order, "title", way);
    mark(this.order, "data-falling", wishes.falling);
    mark(this.silent, "aria-pressed", String(wishes.silent));
    this.choose(this.choices ?? { tags: [], metrics: [] });
  }

  choose(choices) {
    this.choices = choices;
    const texts = this.context.texts.overview;
    const { tag, metric } = this.wishes;
    const counted = (list, named) => list.map(([text, count]) => [text, `${named(text)} (${this.context.format.value(count)})`]);
    const tags = counted(choices.tags, (text) => text.replace(":", ": "));
    options(this.tag, [["", texts.all_tags], ...known(tags, tag)], tag);
    options(this.metric, [["", texts.all_metrics], ...known(counted(choices.metrics, label), metric)], metric);
  }

  counted(shown, all, silent) {
    const texts = this.context.texts.overview;
    const number = (count) => this.context.format.count(count);
    write(this.count, all === 0 ? "" : shown === all ? texts.all(number(all)) : texts.some(number(shown), number(all)));
    write(this.silent, texts.only_silent(number(silent)));
  }
}

// What the address asks for can be chosen, also if no device has it.
function known(list, wanted) {
  return wanted === "" || list.some(([text]) => text === wanted) ? list : [...list, [wanted, wanted]];
}

// A list that somebody has open stays as it is.
function options(select, wanted, chosen) {
  const written = JSON.stringify(wanted);
  if (select.written !== written && !(document.activeElement === select && select.value === chosen)) {
    select.replaceChildren(...wanted.map(([value, text]) => el("option", { value }, text)));
    select.written = written;
  }
  if (select.value !== chosen) select.value = chosen;
}
