// Which part of the time is looked at: arithmetic on spans {fromMs, toMs}. Pure.

export const LEAST_MS = 1_000;

// A span of the same length, or shorter, that lies within `limits`; null if that is all of them.
export function within({ fromMs, toMs }, limits) {
  const whole = limits.toMs - limits.fromMs;
  const span = Math.min(whole, Math.max(LEAST_MS, toMs - fromMs));
  if (span >= whole) return null;
  const middle = (fromMs + toMs) / 2;
  const wanted = toMs - fromMs < LEAST_MS ? middle - span / 2 : fromMs;
  const from = Math.min(Math.max(wanted, limits.fromMs), limits.toMs - span);
  return { fromMs: from, toMs: from + span };
}

// `factor` times as long (below 1: closer), where what is at `atMs` stays in its place.
export function scaled({ fromMs, toMs }, factor, atMs = (fromMs + toMs) / 2) {
  return { fromMs: atMs - (atMs - fromMs) * factor, toMs: atMs + (toMs - atMs) * factor };
}

export function moved({ fromMs, toMs }, byMs) {
  return { fromMs: fromMs + byMs, toMs: toMs + byMs };
}

// Two fingers that held the times `one` and `other` of a span are now at the shares `a` and `b` (0 to 1) of its width.
export function pinched(one, other, a, b) {
  if (Math.abs(a - b) < 0.01) return null;
  const span = (one - other) / (a - b);
  const fromMs = one - a * span;
  return span > 0 ? { fromMs, toMs: fromMs + span } : null;
}
