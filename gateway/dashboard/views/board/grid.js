// The items of a board in a grid: kept in step with it, moved by pointer and keys.

import { BoardError, COLUMNS, move, remove, resize } from "../../boards/board.js";
import { el, write } from "../../parts/dom.js";
import { Card } from "./card.js";
import { openItemDialog } from "./item_dialog.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Grid {
  // `edit(how)` makes another board of the one that is shown.
  constructor(context, edit) {
    this.context = context;
    this.edit = edit;
    this.cards = [];
    this.moved = null; // the card that the viewer moved last
    this.list = el("ol", { class: "grid", "aria-label": context.texts.board.items });
    this.said = el("p", { class: "visually-hidden", role: "status" });
    this.shown = el("div", { class: "grid-frame" }, this.list, this.said);
    this.doing = {
      grab: (card, event) => this.grab(card, event),
      key: (card, event) => this.key(card, event),
      edit: (card) => this.ask(card),
    };
    this.alarmed = () => this.cards.forEach((card) => card.showAlarm());
    context.alerts.listeners.add(this.alarmed);
  }

  close() {
    this.context.alerts.listeners.delete(this.alarmed);
    this.drop?.();
    this.list.replaceChildren();
  }

  // A card stays with what it shows, wherever that goes.
  show(board, editable) {
    this.drop?.();
    this.board = board;
    const items = board?.items ?? [];
    const left = new Set(this.cards);
    this.cards = items.map((item) => {
      const card = [...left].find((each) => each.suits(item)) ?? new Card(this.context, item, this.doing);
      left.delete(card);
      card.show(item, editable);
      return card;
    });
    for (const card of left) card.shown.remove();
    this.arrange();
    this.list.hidden = items.length === 0;
    this.list.style.setProperty("--rows", String(this.rows(items)));
  }

  // The one that was moved goes first, and so alone: one that is taken out and put back begins anew.
  arrange() {
    const { moved } = this;
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    const others = [...this.list.children].filter((each) => each !== moved?.shown);
    const to = this.cards.indexOf(moved);
    if (to >= 0 && this.list.children[to] !== moved.shown) place(this.list, moved.shown, others[to] ?? null);
    for (const [at, { shown }] of this.cards.entries()) {
      const before = this.list.children[at];
      if (before !== shown) place(this.list, shown, before ?? null);
    }
    if (focused?.isConnected && document.activeElement !== focused) focused.focus();
  }

  // How many rows of four columns they need, about: a wall screen shows all of them.
  rows(items) {
    const cells = items.reduce((sum, { columns, rows }) => sum + columns * rows, 0);
    return Math.max(1, Math.ceil(cells / COLUMNS), ...items.map((item) => item.rows));
  }

  ask(card) {
    const at = this.cards.indexOf(card);
    const dialog = openItemDialog(this.context, card.item, {
      change: (how) => this.change(card, how),
      move: (by) => this.moveBy(card, by),
      remove: () => this.remove(card),
    });
    // What it was changed to may have buttons of its own.
    dialog.addEventListener("close", () => {
      const now = this.cards.includes(card) ? card : (this.cards[at] ?? this.cards[at - 1]);
      if (document.activeElement === document.body) now?.tools.querySelector(".edit")?.focus();
    });
  }

  // Another tab may have taken it off while its dialog was open.
  change(card, how) {
    const at = this.cards.indexOf(card);
    if (at < 0) throw new BoardError("gone");
    this.edit((board) => how(board, at));
  }

  remove(card) {
    const at = this.cards.indexOf(card);
    if (at < 0) return;
    const { boards, notice, texts } = this.context;
    this.edit((board) => remove(board, at));
    const change = boards.last;
    const { undo, close, item_removed } = texts.board;
    notice.say(item_removed(card.label), { label: undo, act: () => boards.undo(change), close });
    (this.cards[at] ?? this.cards[at - 1])?.handle.focus();
  }

  moveBy(card, by) {
    const at = this.cards.indexOf(card);
    if (at < 0) return;
    this.moved = card;
    this.edit((board) => move(board, at, at + by));
    write(this.said, this.context.texts.board.moved(card.label, this.cards.indexOf(card) + 1, this.cards.length));
    card.shown.scrollIntoView({ block: "nearest" });
  }

  // ---- keys -----------------------------------------------------------------

  key(card, event) {
    const [across, down] = STEPS[event.key] ?? [0, 0];
    if (event.key === "Escape" && this.drop) this.drop();
    else if (event.key === "Delete") this.remove(card);
    else if (event.key === "Home") this.moveBy(card, -this.cards.length);
    else if (event.key === "End") this.moveBy(card, this.cards.length);
    else if (across === 0 && down === 0) return;
    else if (event.shiftKey) this.size(card, across, down);
    else this.moveBy(card, across + down * this.columns);
    event.preventDefault();
  }

  size(card, across, down) {
    const at = this.cards.indexOf(card);
    this.edit((board) => resize(board, at, across, down));
    write(this.said, this.context.texts.board.sized(card.label, card.item.columns, card.item.rows));
  }

  get columns() {
    return getComputedStyle(this.list).gridTemplateColumns.split(" ").length;
  }

  // ---- pointer --------------------------------------------------------------

  // While it is dragged the others make room, by their styles alone: an element that is taken out loses the pointer. The
  // board is changed when it is let go.
  grab(card, event) {
    if (event.button !== 0) return;
    const from = this.cards.indexOf(card);
    const before = this.cards;
    const ending = new AbortController();
    const { signal } = ending;
    card.handle.setPointerCapture(event.pointerId);
    card.shown.classList.add("dragged");
    let over = null;
    this.drop = (keep = false) => {
      ending.abort();
      this.drop = null;
      card.shown.classList.remove("dragged");
      const to = this.cards.indexOf(card);
      [this.cards, this.moved] = [before, card];
      for (const { shown } of before) shown.style.order = "";
      if (keep) this.edit((board) => move(board, from, to));
      this.arrange();
    };
    const follow = ({ clientX, clientY }) => {
      const found = document.elementFromPoint(clientX, clientY)?.closest(".item");
      const target = this.cards.find(({ shown }) => shown === found);
      if (target === over) return;
      over = target;
      if (!target || target === card) return;
      const to = this.cards.indexOf(target);
      this.cards = this.cards.filter((each) => each !== card).toSpliced(to, 0, card);
      for (const [at, { shown }] of this.cards.entries()) shown.style.order = String(at);
    };
    card.handle.addEventListener("pointermove", follow, { signal });
    card.handle.addEventListener("pointerup", () => this.drop(true), { signal });
    card.handle.addEventListener("pointercancel", () => this.drop(), { signal });
  }
}

// Where a browser can move an element without taking it out, its chart is not drawn anew.
function place(list, shown, before) {
  if (shown.parentNode === list && list.moveBefore) list.moveBefore(shown, before);
  else list.insertBefore(shown, before);
}
