// A board: the viewer's own, which can be edited, or one that a link brought.
//
// An own board's address holds it whole, so that the address is a link for others. The browser's history remembers which
// board an entry was written for: that one is shown as it is now, not as it was then.

import { addressOf, boardAt } from "../../boards/address.js";
import { oneLine, same } from "../../boards/board.js";
import { problemText, tell } from "../../boards/words.js";
import { define } from "../../embed/define.js";
import { el } from "../../parts/dom.js";
import { href } from "../../parts/router.js";
import { Bar } from "./bar.js";
import { Grid } from "./grid.js";
import { Wall } from "./wall.js";

const SHORTEST_CYCLE_S = 5;
const LONGEST_CYCLE_S = 3_600;

export class BoardView {
  constructor(context, route, page = globalThis) {
    this.context = context;
    this.route = route;
    this.page = page;
    this.told = () => this.refresh();
    this.find();
  }

  get title() {
    return this.board?.name ?? this.context.texts.views.board;
  }

  open(place) {
    define();
    this.notes = el("div", { class: "notes" });
    this.bar = new Bar(this.context, this);
    this.grid = new Grid(this.context, (how) => this.edit(how));
    this.place = el("section", { class: "board", "aria-label": this.title }, this.bar.shown, this.notes, this.grid.shown);
    place.append(this.place);
    this.context.boards.listeners.add(this.told);
    this.show();
  }

  changed(route) {
    this.route = route;
    this.find();
    this.show();
  }

  close() {
    this.context.boards.listeners.delete(this.told);
    clearInterval(this.cycle);
    this.wall?.close();
    this.grid.close();
  }

  // ---- which board ----------------------------------------------------------

  // `own`: whether it is the viewer's and so may be edited. Without a board, the notes say why.
  find() {
    const { boards } = this.context;
    const { name, query } = this.route;
    const { board, problems } = boardAt(name, query);
    const known = boards.get(this.page.history.state?.board);
    const held = board !== null || problems.length > 0;
    const mine = known ?? (held ? null : boards.get(name === "" ? boards.current : name));
    this.own = mine !== null || (board !== null && problems.length === 0 && same(board, boards.get(name)));
    this.board = mine ?? board;
    this.problems = known ? [] : problems;
    if (this.own) boards.choose(this.board.name);
  }

  // The board was changed, here or in another tab.
  refresh() {
    const { boards, router } = this.context;
    const before = this.title;
    if (this.own) this.board = boards.get(this.board.name) ?? boards.get(boards.current);
    else this.find();
    this.own &&= this.board !== null;
    this.show();
    // Under another name it is another view, with another title.
    if (this.own && this.title !== before && !this.wall) router.read();
  }

  edit(how) {
    try {
      tell(this.context.texts, () => this.context.boards.edit(this.board.name, how));
    } catch (error) {
      if (!error.told) throw error;
      this.say(error.told);
    }
  }

  undo(change) {
    const { boards } = this.context;
    boards.undo(change);
    if (boards.current !== this.board?.name) this.go(boards.get(boards.current));
  }

  // Words about what was done, with a way back if there is one.
  say(text, undo = false) {
    const { boards, notice, texts } = this.context;
    const change = boards.last;
    const back = undo ? { label: texts.board.undo, act: () => this.undo(change) } : {};
    notice.say(text, { ...back, close: texts.board.close });
  }

  // Another board, or the same in another way.
  go(board, more = {}) {
    this.context.router.go(board ? addressOf(board, more) : href("board"));
  }

  // ---- what is shown --------------------------------------------------------

  show() {
    const wall = this.route.query.has("wall") && this.board !== null;
    if (this.own) this.keepAddress();
    this.place.setAttribute("aria-label", this.title);
    this.bar.show(this.board, this.own);
    this.showNotes(wall);
    this.grid.show(this.board, this.own && !wall);
    if (wall) this.wall ??= new Wall(this.context, this.grid.list, { leave: () => this.go(this.board), alone: () => this.cycleS === 0 });
    else this.endWall();
    this.showInTurn(wall);
  }

  keepAddress() {
    const address = addressOf(this.board, this.wallQuery());
    const { history, location } = this.page;
    if (location.hash === address && history.state?.board === this.board.name) return;
    history.replaceState({ board: this.board.name }, "", address);
  }

  // Nobody at a wall could do anything about whose board it is.
  showNotes(wall) {
    const { boards, texts } = this.context;
    const words = texts.board;
    const notes = [];
    if (this.problems.length > 0) {
      const list = el("ul", {}, ...this.problems.map((each) => el("li", {}, problemText(texts, each))));
      notes.push(el("div", { class: "note bad", role: "alert" }, el("p", {}, words.broken), list));
    }
    if (this.board && !this.own && !wall) {
      const mine = boards.get(this.board.name);
      const text = mine ? words.differs(this.board.name) : words.linked(this.board.name);
      const show = mine && el("button", { type: "button", onclick: () => this.go(mine) }, words.mine);
      const keep = el("button", { type: "button", class: "primary", onclick: () => this.keep() }, words.keep);
      notes.push(el("div", { class: "note stale" }, el("p", {}, text), show, keep));
    }
    if (this.own && !boards.kept && !wall) notes.push(el("div", { class: "note stale", role: "status" }, el("p", {}, words.unkept)));
    if (!this.board && this.route.name !== "" && this.problems.length === 0) notes.push(hint(words.unknown(oneLine(this.route.name))));
    else if (!this.board && this.problems.length === 0) notes.push(hint(words.none));
    else if (this.board?.items.length === 0 && this.problems.length === 0) notes.push(hint(this.own ? words.empty : words.bare));
    this.notes.replaceChildren(...notes);
  }

  keep() {
    const { boards, texts } = this.context;
    try {
      const name = tell(texts, () => boards.create(this.board.name, this.board.items));
      this.go(boards.get(name));
    } catch (error) {
      if (!error.told) throw error;
      this.say(error.told);
    }
  }

  // ---- wall screen ----------------------------------------------------------

  wallQuery() {
    const { query } = this.route;
    return { wall: query.has("wall") ? "1" : null, cycle: query.get("cycle") };
  }

  endWall() {
    this.wall?.close();
    this.wall = null;
  }

  // One own board after the other, each page of each for as many seconds as the address asks for.
  showInTurn(wall) {
    const asked = Number(this.route.query.get("cycle"));
    const seconds = wall && asked >= 1 ? Math.min(Math.max(asked, SHORTEST_CYCLE_S), LONGEST_CYCLE_S) : 0;
    if (seconds === this.cycleS) return;
    this.cycleS = seconds;
    clearInterval(this.cycle);
    if (seconds > 0) this.cycle = setInterval(() => this.next(), seconds * 1_000);
  }

  next() {
    if (this.wall?.pages.turn()) return;
    const { list } = this.context.boards;
    if (list.length === 0) return;
    const at = this.own ? list.findIndex(({ name }) => name === this.board.name) : -1;
    [this.board, this.own, this.problems] = [list[(at + 1) % list.length], true, []];
    this.show();
  }
}

function hint(text) {
  return el("p", { class: "muted hint" }, text);
}
