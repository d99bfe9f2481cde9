// What is said of an outage: which line, of which texts, and how bad it is. Pure.

// An outage this short that nothing was lost in is not worth a word; the state itself is shown at once.
const BRIEF_MS = 1_500;
const NEVER_YET_MS = 4_000;
const LEVELS = { connecting: "warn", resuming: "bad", offline: "bad", stale: "warn", denied: "bad", origin: "bad" };

// {key, level} of `texts.shell.lost`, or null. `was`: connected before; `sinceMs`: how long it has not been live.
export function lostLine({ state, was, sinceMs }) {
  if (state === "live" || (state === "denied" && !was)) return null;
  if (state === "connecting" && sinceMs < NEVER_YET_MS) return null;
  if (state === "resuming" && sinceMs < BRIEF_MS) return null;
  const never = state !== "connecting" && state !== "origin" && !was;
  return { key: never ? "connecting" : state, level: LEVELS[state] };
}

// {key, level} of `texts.shell.back` for what Outage told, or null.
export function backLine({ lasted, topics, recovered, anew }) {
  if (anew > 0) return { key: lasted === null ? "skipped" : "anew", level: "warn" };
  if (recovered > 0) return { key: "recovered", level: "good" };
  if (lasted < BRIEF_MS) return null;
  return { key: topics > 0 ? "nothing" : "plain", level: "good" };
}
