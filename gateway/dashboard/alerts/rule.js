// What the viewer wants to be told of one value:
//
// {id, topic, metric, device, label, unit, kind, limit, back, forS, silentS, on}. `kind` is "above" or "below" a `limit`, for
// `forS` seconds at least and until the value is `back` by that much; or "silent" for `silentS` seconds.

import { oneLine } from "../boards/board.js";
import { labelOf, whoseOf } from "../boards/words.js";
import { sourceOf } from "../live/source.js";

export const MOST_RULES = 50;
export const KINDS = ["above", "below", "silent"];
const LONGEST_FOR_S = 86_400;
const SHORTEST_SILENT_S = 5;
const LONGEST_SILENT_S = 7 * 86_400;
const MOST_LABEL = 200;

export class RuleError extends Error {
  // `code` names what is wrong: source, kind, limit, back, for, silent or many.
  constructor(code) {
    super(code);
    this.code = code;
  }
}

// A rule of what may come from anywhere. Throws RuleError.
export function ruleOf(given) {
  const { id, topic, metric, device = null, label, unit, kind, on } = given ?? {};
  if (![id, topic, metric].every((each) => typeof each === "string" && each !== "" && each.length <= 300)) fail("source");
  if (device !== null && (typeof device !== "string" || device.length > 300)) fail("source");
  try {
    sourceOf(topic, metric, device);
  } catch {
    fail("source");
  }
  if (!KINDS.includes(kind)) fail("kind");
  const limits = kind === "silent" ? silence(given) : threshold(given);
  const words = { label: nameOf({ topic, metric, device, label }).slice(0, MOST_LABEL), unit: oneLine(unit ?? "").slice(0, 20) };
  return { id, topic, metric, device, ...words, kind, ...limits, on: on !== false };
}

// The rules of what is kept: what cannot be read is left out.
export function rulesOf(kept) {
  const found = new Map();
  for (const each of Array.isArray(kept) ? kept.slice(0, MOST_RULES) : []) {
    try {
      const rule = ruleOf(each);
      found.set(rule.id, rule);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
    }
  }
  return [...found.values()];
}

// What is told of is named with whose it is, also where it is called otherwise: "greenhouse-7 · Air".
export function nameOf({ topic, metric, device = null, label = "" }) {
  const given = oneLine(label ?? "");
  const whose = oneLine(whoseOf({ topic, device }));
  if (given === "") return oneLine(labelOf({ topic, metric, device }));
  return given === whose || given.startsWith(`${whose} `) ? given : `${whose} · ${given}`;
}

// Where tiles look for it: those of a device by its own topic.
export function placeOf({ topic, metric, device }) {
  return JSON.stringify([device === null || device === undefined ? topic : `device:${device}`, metric]);
}

function threshold({ limit, back = 0, forS = 0 }) {
  if (!Number.isFinite(limit)) fail("limit");
  if (!Number.isFinite(back) || back < 0) fail("back");
  if (!Number.isFinite(forS) || forS < 0 || forS > LONGEST_FOR_S) fail("for");
  return { limit, back, forS, silentS: null };
}

function silence({ silentS }) {
  if (!Number.isFinite(silentS) || silentS < SHORTEST_SILENT_S || silentS > LONGEST_SILENT_S) fail("silent");
  return { limit: null, back: 0, forS: 0, silentS };
}

function fail(code) {
  throw new RuleError(code);
}
