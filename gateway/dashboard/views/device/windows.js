// The windows of time that the viewer can choose, and what an address says of them. Pure.

import { duration } from "../../live/freshness.js";
import { windowsFrom } from "../../live/windows.js";

export const WINDOWS = [...windowsFrom("15m", "24h").keys()];
const DEFAULT = "1h";

// {name, ms} of the query's `window`.
export function windowOf(query) {
  const asked = query.get("window");
  const name = WINDOWS.includes(asked) ? asked : DEFAULT;
  return { name, ms: duration(name) };
}

// The part of the time that an address asks for, or null: {fromMs, toMs}.
export function spanOf(query) {
  const numberOf = (text) => (/^\d{1,15}$/.test(text ?? "") ? Number(text) : NaN);
  const [fromMs, toMs] = [numberOf(query.get("from")), numberOf(query.get("to"))];
  return fromMs < toMs ? { fromMs, toMs } : null;
}

// What an address asks for: {name, ms, span}. A link to a part that the window has passed by meanwhile is shown in a longer
// window; one to what even the longest does not reach any more is live.
export function choiceOf(query, nowMs) {
  const [asked, span] = [windowOf(query), spanOf(query)];
  const reaches = (name) => duration(name) >= asked.ms && nowMs - span.fromMs <= duration(name);
  const name = span ? WINDOWS.find(reaches) : asked.name;
  return name ? { name, ms: duration(name), span } : { ...asked, span: null };
}

// The members of the query for a zoom.
export function queryOf(zoomed) {
  return { from: zoomed ? Math.floor(zoomed.fromMs) : null, to: zoomed ? Math.ceil(zoomed.toMs) : null };
}
