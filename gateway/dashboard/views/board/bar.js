// What can be done with boards: choose, make, name, delete, share, hang on the wall.

import { addressOf } from "../../boards/address.js";
import { MOST_NAME } from "../../boards/board.js";
import { tell } from "../../boards/words.js";
import { field, openDialog, select } from "../../parts/dialog.js";
import { el } from "../../parts/dom.js";
import { icon } from "../../parts/icons.js";
import { openAddDialog } from "./add_dialog.js";

const CYCLE_S = 30;

export class Bar {
  constructor(context, view) {
    this.context = context;
    this.view = view;
    this.shown = el("div", { class: "bar" });
  }

  get words() {
    return this.context.texts.board;
  }

  // What has the focus keeps it.
  show(board, own) {
    const { boards } = this.context;
    const state = JSON.stringify([board?.name, own, boards.names, boards.last !== null]);
    if (state === this.state) return;
    this.state = state;
    const focused = this.shown.contains(document.activeElement) ? document.activeElement.dataset.does : null;
    const { words } = this;
    const names = boards.names.map((name) => [name, name]);
    if (board && !own) names.unshift(["", board.name]);
    else if (!board && names.length > 0) names.unshift(["", "–"]);
    const chooser = select(names, own ? board.name : "", { "aria-label": words.choose, "data-does": "choose" });
    chooser.addEventListener("change", () => this.view.go(boards.get(chooser.value) ?? board));
    this.shown.replaceChildren(
      ...[
        el("h2", { class: "visually-hidden" }, this.view.title),
        names.length > 0 && chooser,
        this.quiet("new", "add", words.new, () => this.askName(words.new, "", (name) => this.create(name))),
        own && this.quiet("rename", "edit", words.rename, () => this.askName(words.rename, board.name, (name) => this.rename(board, name))),
        own && this.quiet("remove", "trash", words.remove, () => this.remove(board)),
        own && boards.last && this.quiet("undo", "undo", words.undo, () => this.view.undo()),
        el("span", { class: "space" }),
        (own || !board) && this.button("add", "add", words.add, () => this.add(board), "primary"),
        board && this.button("copy", "link", words.copy, () => this.copy(board)),
        board && this.button("wall", "screen", words.wall, () => this.askWall(board)),
      ].filter(Boolean),
    );
    if (focused) this.shown.querySelector(`[data-does="${focused}"]`)?.focus();
  }

  quiet(does, drawing, name, act) {
    const attributes = { type: "button", class: "quiet", title: name, "aria-label": name, "data-does": does, onclick: act };
    return el("button", attributes, icon(drawing));
  }

  button(does, drawing, name, act, style = null) {
    return el("button", { type: "button", class: style, "data-does": does, title: name, onclick: act }, icon(drawing), el("span", {}, name));
  }

  askName(title, name, done) {
    const input = el("input", { value: name, maxlength: MOST_NAME, required: true, autocomplete: "off" });
    const words = { cancel: this.words.cancel, ok: this.words.save };
    const body = [field(this.words.name, input)];
    openDialog({ title, body, ...words, fieldOf: () => input, done: () => tell(this.context.texts, () => done(input.value)) });
    input.select();
  }

  create(name) {
    const made = this.context.boards.create(name);
    this.view.go(this.context.boards.get(made));
  }

  rename(board, name) {
    const { boards } = this.context;
    boards.rename(board.name, name);
    this.view.go(boards.get(boards.current));
  }

  remove({ name }) {
    const { boards } = this.context;
    boards.remove(name);
    this.view.say(this.words.removed(name), true);
    this.view.go(boards.get(boards.current));
  }

  add(board) {
    openAddDialog(this.context, (item) => {
      const { boards } = this.context;
      if (board) boards.choose(board.name);
      boards.pin(item);
      if (!board) this.view.go(boards.get(boards.current));
    });
  }

  async copy(board) {
    const link = new URL(addressOf(board), location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      this.view.say(this.words.copied);
    } catch {
      // Not permitted, or not over a connection that is secure.
      const shown = el("textarea", { readonly: true, rows: 5, "aria-label": this.words.copy_by_hand });
      shown.value = link;
      openDialog({ title: this.words.copy_by_hand, body: [shown], cancel: this.words.close });
      shown.select();
    }
  }

  askWall(board) {
    const { words } = this;
    if (this.context.boards.list.length < 2) return this.toWall(board, null);
    const inTurn = el("input", { type: "checkbox" });
    const seconds = el("input", { type: "number", min: 5, max: 3600, value: CYCLE_S, required: true });
    const body = [el("label", { class: "check" }, inTurn, words.cycle), field(words.cycle_every, seconds)];
    const done = () => this.toWall(board, inTurn.checked ? seconds.value : null);
    return openDialog({ title: words.wall, body, ok: words.wall, cancel: words.cancel, done });
  }

  toWall(board, cycle) {
    // It is the screen that must be full, not a dialog; where that is not allowed the page is shown as it is.
    document.documentElement.requestFullscreen?.().catch(() => {});
    this.view.go(board, { wall: "1", cycle });
  }
}
