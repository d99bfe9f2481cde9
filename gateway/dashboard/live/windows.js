// The windows of time that viewers choose from.

import { duration } from "./freshness.js";

export const WINDOWS = ["15m", "1h", "6h", "24h", "7d"];

// name → milliseconds, from the first to the last that are given.
export function windowsFrom(first, last) {
  const names = WINDOWS.slice(WINDOWS.indexOf(first), WINDOWS.indexOf(last) + 1);
  return new Map(names.map((name) => [name, duration(name)]));
}
