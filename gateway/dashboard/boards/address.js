// A board in an address, whole, so that a link shows it to anybody:
//
//   #/board/Greenhouse?v=1&items=value,device:greenhouse-7,temperature;chart,device:greenhouse-7,humidity,,6h,2x1,Air
//
// An item is kind, topic, metric, device, window, columns x rows and label; what is left out at its end has its usual value.
// "!c", "!s" and "!!" are a comma, a semicolon and an exclamation mark.

import { BoardError, MOST_ITEMS, add, identity, itemOf, nameOf } from "./board.js";

const VERSION = "1";
// Longer ones are cut off on their way by what people send links with.
export const MOST_ADDRESS = 8_000;

// The address of a board; throws BoardError where it gets too long. `more` goes behind it, such as {wall: "1"}.
export function addressOf({ name, items }, more = {}) {
  const address = `#/board/${encodeURIComponent(name)}?v=${VERSION}&items=${escaped(items.map(itemText).join(";"))}`;
  if (address.length > MOST_ADDRESS) throw new BoardError("address", String(MOST_ADDRESS));
  const behind = Object.entries(more).filter(([, value]) => value !== null);
  return [address, ...behind.map(([key, value]) => `${key}=${escaped(value)}`)].join("&");
}

// {board, problems}: the board that an address holds, null if it holds none, and a BoardError for each thing that is wrong
// with it; what is right is shown all the same. `name` and `query` (URLSearchParams) are those of the route.
export function boardAt(name, query) {
  const version = query.get("v");
  if (version === null && !query.has("items")) return { board: null, problems: [] };
  const text = query.get("items") ?? "";
  try {
    if (version !== VERSION) throw new BoardError("version", String(version ?? "").slice(0, 20));
    if (text.length > MOST_ADDRESS) throw new BoardError("address", String(MOST_ADDRESS));
    return read(nameOf(name), text === "" ? [] : text.split(";"));
  } catch (error) {
    if (!(error instanceof BoardError)) throw error;
    return { board: null, problems: [error] };
  }
}

function read(name, texts) {
  const problems = [];
  let board = { name, items: [] };
  for (const [at, text] of texts.slice(0, MOST_ITEMS).entries()) {
    try {
      board = add(board, itemAt(text));
    } catch (error) {
      if (!(error instanceof BoardError)) throw error;
      problems.push(Object.assign(error, { at: at + 1 }));
    }
  }
  if (texts.length > MOST_ITEMS) problems.push(new BoardError("many", String(MOST_ITEMS)));
  return { board, problems };
}

function itemText({ kind, topic, metric, device, window, label, columns, rows }) {
  const plain = itemOf({ kind, topic, metric, device, window });
  const size = columns === plain.columns && rows === plain.rows ? "" : `${columns}x${rows}`;
  const usual = itemOf({ kind, topic, metric, device });
  const fields = [kind, topic, metric, device, identity(usual) === identity(plain) ? "" : window, size, label];
  while (!fields.at(-1)) fields.pop();
  return fields.map((each) => (each ?? "").replace(/[!,;]/g, (sign) => ({ "!": "!!", ",": "!c", ";": "!s" })[sign])).join(",");
}

function itemAt(text) {
  const fields = text.split(",").map((field) => field.replace(/!([!cs])/g, (_all, sign) => ({ "!": "!", c: ",", s: ";" })[sign]));
  if (fields.length > 7) throw new BoardError("item");
  const [kind, topic, metric, device, window, size, label] = fields.map((field) => (field === "" ? null : field));
  const sides = size ? /^([1-9])x([1-9])$/.exec(size) : [null, null, null];
  if (!sides) throw new BoardError("size");
  const [columns, rows] = sides.slice(1).map((side) => side && Number(side));
  return itemOf({ kind, topic, metric, device, window, label, columns, rows });
}

// As much of it as an address may hold stays as it is, so that people can read it.
function escaped(text) {
  return encodeURIComponent(text).replace(/%(?:3A|2C|3B|2F)/g, decodeURIComponent).replaceAll("%20", "+");
}
