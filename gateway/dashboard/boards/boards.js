// The viewer's boards, kept in this browser: made, edited, taken back.

import { addressOf } from "./address.js";
import { BoardError, add, boardOf, nameOf, same } from "./board.js";

export const MOST_BOARDS = 20;
const MOST_UNDONE = 20;

export class Boards {
  // `firstName()` is what the first board is called in the viewer's language.
  constructor(preferences, firstName = () => "Board") {
    this.preferences = preferences;
    this.firstName = firstName;
    this.kept = true; // whether the browser has kept the last change
    this.changes = []; // what was before each, {list, current}
    this.listeners = new Set(); // called after every change, wherever it was made
    preferences.listen("boards", () => this.changed());
    preferences.listen("board", () => this.tell());
    this.load();
  }

  get names() {
    return this.list.map(({ name }) => name);
  }

  // The name of the board that was shown or chosen last; null without any.
  get current() {
    const kept = this.preferences.get("board");
    return this.get(kept) ? kept : (this.list[0]?.name ?? null);
  }

  get(name) {
    return this.list.find((board) => board.name === name) ?? null;
  }

  choose(name) {
    if (this.get(name) && this.preferences.get("board") !== name) this.preferences.set("board", name);
  }

  // To the current board. Returns its name; throws BoardError, also if it is there already.
  pin(item) {
    const name = this.current ?? nameOf(this.firstName());
    const board = add(this.get(name) ?? { name, items: [] }, item);
    this.put(name, board);
    return name;
  }

  // A board of that name, or of one like it if there is one already. Returns its name.
  create(name, items = []) {
    if (this.list.length >= MOST_BOARDS) throw new BoardError("boards", String(MOST_BOARDS));
    const free = this.freeName(nameOf(name));
    this.put(free, boardOf({ name: free, items }));
    return free;
  }

  // `how` makes another board of a board.
  edit(name, how) {
    const board = this.get(name);
    const edited = board && how(board);
    if (edited && edited !== board) this.put(name, edited);
  }

  rename(name, to) {
    const wanted = nameOf(to);
    if (wanted === name) return;
    if (this.get(wanted)) throw new BoardError("taken", wanted);
    this.edit(name, (board) => ({ ...board, name: wanted }));
  }

  remove(name) {
    if (!this.get(name)) return;
    const at = this.names.indexOf(name);
    const list = this.list.toSpliced(at, 1);
    this.become({ list, current: list[Math.min(at, list.length - 1)]?.name ?? null });
  }

  // What undo() takes back next; null if nothing.
  get last() {
    return this.changes.at(-1) ?? null;
  }

  // Takes back the last change, or nothing if that is no longer `only`.
  undo(only = this.last) {
    if (only !== this.last || !only) return;
    this.keep(this.changes.pop());
  }

  // ---- how it is kept -------------------------------------------------------

  put(name, board) {
    addressOf(board); // it must fit into a link
    const at = this.names.indexOf(name);
    this.become({ list: at < 0 ? [...this.list, board] : this.list.with(at, board), current: board.name });
  }

  become(state) {
    this.changes.push({ list: this.list, current: this.current });
    if (this.changes.length > MOST_UNDONE) this.changes.shift();
    this.keep(state);
  }

  keep({ list, current }) {
    this.list = list;
    this.keeping = true;
    this.kept = this.preferences.set("boards", list);
    this.preferences.set("board", current);
    this.keeping = false;
    this.tell();
  }

  // Another tab has changed them: what was done here before can no longer be taken back.
  changed() {
    if (this.keeping) return;
    this.load();
    this.changes = [];
    this.tell();
  }

  tell() {
    if (!this.keeping) for (const listener of [...this.listeners]) listener();
  }

  // What cannot be read is left out.
  load() {
    const kept = this.preferences.get("boards", []);
    const before = this.list ?? [];
    this.list = [];
    for (const each of Array.isArray(kept) ? kept.slice(0, MOST_BOARDS) : []) {
      const board = readable(each);
      if (board && !this.get(board.name)) this.list.push(before.find((known) => same(known, board)) ?? board);
    }
  }

  freeName(name) {
    if (!this.get(name)) return name;
    for (let number = 2; ; number++) {
      const numbered = `${name.slice(0, 54)} (${number})`;
      if (!this.get(numbered)) return numbered;
    }
  }
}

function readable(given) {
  try {
    const board = boardOf(given ?? {});
    addressOf(board);
    return board;
  } catch (error) {
    if (error instanceof BoardError) return null;
    throw error;
  }
}
