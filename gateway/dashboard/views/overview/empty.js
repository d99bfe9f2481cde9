// What is shown where there are no tiles: how to send a first reading, that nothing fits the search, or why there is no list.

import { el, fill, write } from "../../parts/dom.js";
import { whyNoList } from "../../parts/server_words.js";

const COPIED_MS = 3_000;

export class Empty {
  // `clear()` takes the search back.
  constructor(context, clear) {
    this.context = context;
    this.clear = clear;
    this.node = el("section", { class: "no-tiles", hidden: true });
    this.kind = null;
  }

  // "none" (no device yet), "unfound", "waiting", null (there are tiles), or the error for which the list cannot be had.
  show(kind) {
    if (kind === this.kind) return;
    this.kind = kind;
    this.node.hidden = kind === null;
    const texts = this.context.texts.overview;
    if (kind === "none") this.node.replaceChildren(...this.first(texts));
    else if (kind === "unfound") {
      const button = el("button", { type: "button", onclick: () => this.clear() }, texts.clear);
      this.node.replaceChildren(el("p", {}, texts.unfound), button);
    } else if (kind === "waiting") this.node.replaceChildren(el("p", { class: "muted" }, texts.waiting));
    else if (kind) fill(this.node, [el("p", {}, ...whyNoList(kind, this.context.texts))]);
  }

  first(texts) {
    const line = command(location.origin);
    const shown = el("pre", { tabindex: 0 }, el("code", {}, line));
    const told = el("span", { role: "status", class: "muted" });
    const copy = el("button", { type: "button", onclick: () => this.copy(line, shown, told) }, texts.copy);
    return [
      el("h3", {}, this.context.access.token ? texts.none_opened : texts.none),
      el("p", {}, texts.post),
      shown,
      el("p", {}, copy, " ", told),
      el("p", {}, texts.demo, " ", el("code", {}, "windsock demo")),
    ];
  }

  async copy(line, shown, told) {
    try {
      await navigator.clipboard.writeText(line);
      write(told, this.context.texts.overview.copied);
      setTimeout(() => write(told, ""), COPIED_MS);
    } catch {
      getSelection().selectAllChildren(shown); // where a page may not write to the clipboard
    }
  }
}

// A line for a shell that posts a reading.
export function command(origin) {
  const reading = '{"device":"greenhouse-7","values":{"temperature":21.4},"units":{"temperature":"°C"}}';
  return `curl -H 'Content-Type: application/json' \\\n     -d '${reading}' \\\n     ${origin}/v1/readings`;
}
