import assert from "node:assert/strict";
import { test } from "node:test";

import { move, remove } from "../../../gateway/dashboard/boards/board.js";
import { Boards, MOST_BOARDS } from "../../../gateway/dashboard/boards/boards.js";
import { Preferences, storageOf } from "../../../gateway/dashboard/parts/preferences.js";

class Storage {
  kept = new Map();

  getItem(key) {
    return this.kept.get(key) ?? null;
  }

  setItem(key, value) {
    this.kept.set(key, value);
  }

  removeItem(key) {
    this.kept.delete(key);
  }
}

const value = (metric) => ({ kind: "value", topic: "device:a", metric });
const started = (storage = new Storage()) => {
  const page = new EventTarget();
  const preferences = new Preferences({ storage, page });
  return { storage, page, preferences, boards: new Boards(preferences, () => "First") };
};
const shown = ({ boards }) => boards.list.map(({ name, items }) => [name, items.map(({ metric }) => metric).join("")]);

test("the first pin makes a board, the next ones go to the board that was shown last", () => {
  const all = started();
  assert.equal(all.boards.current, null);
  assert.equal(all.boards.pin(value("a")), "First");
  assert.equal(all.boards.pin(value("b")), "First");
  all.boards.create("Second");
  all.boards.pin(value("c"));
  all.boards.choose("First");
  all.boards.pin(value("d"));
  assert.deepEqual(shown(all), [["First", "abd"], ["Second", "c"]]);
  assert.throws(() => all.boards.pin(value("a")), { code: "there" });
  assert.deepEqual(shown(started(all.storage)), shown(all), "kept in the browser");
});

test("every change can be taken back, the last one first", () => {
  const all = started();
  const { boards } = all;
  const steps = [
    () => boards.pin(value("a")),
    () => boards.pin(value("b")),
    () => boards.edit("First", (board) => move(board, 0, 1)),
    () => boards.create("Second", [value("c")]),
    () => boards.rename("First", "Other"),
    () => boards.edit("Other", (board) => remove(board, 0)),
    () => boards.remove("Other"),
  ];
  const states = steps.map((step) => {
    const before = [shown(all), boards.current];
    step();
    return before;
  });
  assert.deepEqual([shown(all), boards.current], [[["Second", "c"]], "Second"]);
  for (const before of states.toReversed()) {
    boards.undo();
    assert.deepEqual([shown(all), boards.current], before);
  }
  assert.equal(boards.last, null);
  boards.undo();
  assert.deepEqual(shown(all), []);
});

test("names are each board's own", () => {
  const { boards } = started();
  assert.deepEqual([boards.create("x"), boards.create("x"), boards.create("x")], ["x", "x (2)", "x (3)"]);
  assert.throws(() => boards.rename("x", "x (2)"), { code: "taken" });
  assert.throws(() => boards.rename("x", " "), { code: "name" });
  boards.rename("x", "x");
  assert.equal(boards.changes.length, 3);
  for (let number = 3; number < MOST_BOARDS; number++) boards.create("y");
  assert.throws(() => boards.create("z"), { code: "boards" });
  assert.equal(boards.list.length, MOST_BOARDS);
});

test("what another tab changes is shown, and what was done before stays as that tab left it", () => {
  const one = started();
  one.boards.pin(value("a"));
  const second = started(one.storage);
  let told = 0;
  one.boards.listeners.add(() => told++);
  second.boards.pin(value("b"));
  one.page.dispatchEvent(Object.assign(new Event("storage"), { key: "windsock.boards" }));
  assert.deepEqual(shown(one), [["First", "ab"]]);
  assert.equal(told, 1);
  one.boards.undo();
  assert.deepEqual(shown(one), [["First", "ab"]]);
});

test("what cannot be read is left out", () => {
  const storage = new Storage();
  const good = { name: "good", items: [value("a")] };
  storage.setItem("windsock.boards", JSON.stringify([null, 7, { name: "x" }, { name: "", items: [] }, good, good, { name: "y", items: [{}] }]));
  storage.setItem("windsock.board", JSON.stringify(["of", "an", "older", "page"]));
  const all = started(storage);
  assert.deepEqual(shown(all), [["good", "a"]]);
  assert.equal(all.boards.current, "good");
  storage.setItem("windsock.boards", '"none"');
  assert.deepEqual(shown(started(storage)), []);
});

test("a change that others followed is not taken back by its own button", () => {
  const all = started();
  all.boards.pin(value("a"));
  const pinned = all.boards.last;
  all.boards.pin(value("b"));
  all.boards.undo(pinned);
  assert.deepEqual(shown(all), [["First", "ab"]]);
  all.boards.undo();
  all.boards.undo(pinned);
  assert.deepEqual(shown(all), []);
});

test("where the browser keeps nothing, boards are there until the page is left, and say so", () => {
  const forbidden = () => {
    throw new Error("QuotaExceededError");
  };
  const full = Object.assign(new Storage(), { setItem: forbidden });
  for (const storage of [full, null]) {
    const all = started(storage);
    assert.equal(all.boards.kept, true, "there was nothing to keep");
    all.boards.pin(value("a"));
    assert.equal(all.boards.kept, false);
    assert.deepEqual(shown(all), [["First", "a"]]);
  }
  delete full.setItem;
  const all = started(full);
  all.boards.pin(value("a"));
  assert.equal(all.boards.kept, true);
});

test("a storage that may not even be asked for is none", () => {
  const page = {
    get localStorage() {
      throw new Error("SecurityError");
    },
    sessionStorage: new Storage(),
  };
  assert.equal(storageOf(page), null);
  assert.equal(storageOf(page, "sessionStorage"), page.sessionStorage);
  const preferences = new Preferences({ storage: storageOf(page), page: {} });
  assert.equal(preferences.set("theme", "dark"), false);
  assert.equal(preferences.get("theme"), "dark");
});
