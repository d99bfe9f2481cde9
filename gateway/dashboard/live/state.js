// What is told of a value: whether it is live, stale or offline, and why. The first thing that is wrong counts.

// `connection`: connecting, live, stale (the server hears nothing), resuming, offline, denied or origin (refused).
// `problem`: why its topic brings nothing, or null. `has`: whether there is a value, `silent`: whether it is too old,
// `outdated`: whether the weather that it is compared with is.
export function shownState({ connection, problem = null, subscribed, has, silent, outdated = false }) {
  if (problem !== null) return { state: "offline", reason: problem };
  if (connection === "stale") return { state: "stale", reason: "server" };
  if (connection !== "live") return { state: "offline", reason: connection };
  if (!subscribed) return { state: "offline", reason: "connecting" };
  if (!has) return { state: "stale", reason: "nothing" };
  if (silent) return { state: "stale", reason: "silent" };
  return outdated ? { state: "stale", reason: "outside" } : { state: "live", reason: null };
}
