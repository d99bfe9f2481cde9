// A board: {name, items}, and what may be done to it. Nothing is changed in place; what is wrong is a BoardError.
//
// An item: {kind, topic, metric, device, window, label, columns, rows}; what does not apply is null, a label may be "".

import { duration } from "../live/freshness.js";
import { sourceOf } from "../live/source.js";

export const MOST_ITEMS = 60;
export const MOST_NAME = 60;
export const MOST_LABEL = 80;
export const COLUMNS = 4;
export const ROWS = 2;
const KINDS = { value: { columns: 1, rows: 1 }, chart: { columns: 2, rows: 2 } };
const MOST_TOPIC = 300;
const MOST_METRIC = 128;
const LONGEST_MS = 7 * 86_400_000;
const DEFAULT_WINDOW = "1h";

export class BoardError extends Error {
  // `code` and `detail` are told in the viewer's language by the texts of boards.
  constructor(code, detail = "") {
    super(`${code} ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}

// An item of what somebody else may have made up: any value. Throws BoardError.
export function itemOf(given) {
  if (typeof given !== "object" || given === null) throw new BoardError("item");
  const { kind } = given;
  if (!Object.hasOwn(KINDS, kind)) throw new BoardError("kind", short(kind));
  const [topic, metric, device] = ["topic", "metric", "device"].map((name) => textOf(given[name]));
  if ((topic?.length ?? 0) > MOST_TOPIC || [metric, device].some((each) => (each?.length ?? 0) > MOST_METRIC)) {
    throw new BoardError("long");
  }
  const source = checked(topic, metric, device);
  if (source.compared && kind === "chart") throw new BoardError("source", "past");
  return {
    kind,
    topic: source.topic,
    metric: source.compared?.all ? null : source.metric,
    device: source.device,
    window: kind === "chart" ? windowOf(given.window) : null,
    label: oneLine(given.label ?? "").slice(0, MOST_LABEL),
    columns: sizeOf(given.columns, KINDS[kind].columns, COLUMNS),
    rows: sizeOf(given.rows, KINDS[kind].rows, ROWS),
  };
}

export function nameOf(given) {
  const name = oneLine(given ?? "");
  if (name === "" || name.length > MOST_NAME) throw new BoardError("name", String(MOST_NAME));
  return name;
}

export function boardOf({ name, items }) {
  if (!Array.isArray(items)) throw new BoardError("item");
  if (items.length > MOST_ITEMS) throw new BoardError("many", String(MOST_ITEMS));
  return { name: nameOf(name), items: items.map(itemOf) };
}

// Where the same is shown already; -1 if nowhere.
export function find(board, item) {
  return board.items.findIndex((each) => identity(each) === identity(item));
}

export function add(board, given) {
  const item = itemOf(given);
  if (board.items.length >= MOST_ITEMS) throw new BoardError("many", String(MOST_ITEMS));
  if (find(board, item) >= 0) throw new BoardError("there");
  return { ...board, items: [...board.items, item] };
}

export function move(board, from, to) {
  if (!(from in board.items)) return board;
  const target = Math.min(Math.max(0, to), board.items.length - 1);
  if (target === from) return board;
  const items = board.items.toSpliced(from, 1);
  return { ...board, items: items.toSpliced(target, 0, board.items[from]) };
}

export function change(board, at, changes) {
  if (!(at in board.items)) return board;
  const item = itemOf({ ...board.items[at], ...changes });
  const same = JSON.stringify(item) === JSON.stringify(board.items[at]);
  return same ? board : { ...board, items: board.items.with(at, item) };
}

// By so many columns and rows more or less, as far as that goes.
export function resize(board, at, columns, rows) {
  const item = board.items[at];
  if (!item) return board;
  const within = (size, most) => Math.min(Math.max(1, size), most);
  return change(board, at, {
    columns: within(item.columns + columns, COLUMNS),
    rows: within(item.rows + rows, ROWS),
  });
}

export function remove(board, at) {
  return at in board.items ? { ...board, items: board.items.toSpliced(at, 1) } : board;
}

export function same(one, other) {
  return JSON.stringify([one?.name, one?.items]) === JSON.stringify([other?.name, other?.items]);
}

// What an item shows, however it is called and however large it is.
export function identity({ kind, topic, metric, device, window }) {
  return JSON.stringify([kind, topic, metric, device, window]);
}

// Without control characters and half characters, which an address could not hold, and without those that turn the
// direction of writing: a link could disguise with them what the page says around its words.
export function oneLine(text) {
  return String(text).toWellFormed().replace(/\p{Bidi_Control}+/gu, "").replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

function textOf(given) {
  if (given === null || given === undefined || given === "") return null;
  if (typeof given !== "string") throw new BoardError("item");
  return given.toWellFormed();
}

function checked(topic, metric, device) {
  try {
    return sourceOf(topic, metric, device);
  } catch (error) {
    if (!error.code) throw error;
    throw new BoardError("source", error.code);
  }
}

function windowOf(given) {
  const window = given ?? DEFAULT_WINDOW;
  const wanted = duration(typeof window === "string" ? window : "");
  if (wanted === null || wanted > LONGEST_MS) throw new BoardError("source", "window");
  return window;
}

function sizeOf(given, fallback, most) {
  if (given === null || given === undefined) return fallback;
  if (!Number.isInteger(given) || given < 1 || given > most) throw new BoardError("size");
  return given;
}

function short(given) {
  return oneLine(given).slice(0, 20);
}
