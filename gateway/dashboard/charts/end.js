// Where charts end: now, by the server's clock, or a little later where the clock of a device is ahead. Pure.

const ROOM = 0.25; // of the window, for what is still to come

// {endMs, beyond}: the end of a chart of all these series, and how many of their points lie further ahead than it shows.
export function endOf(all, nowMs, windowMs) {
  let [endMs, beyond] = [nowMs, 0];
  for (const series of all) {
    const near = series.after(nowMs + windowMs * ROOM);
    beyond += series.length - near;
    if (near > 0) endMs = Math.max(endMs, series.times[near - 1]);
  }
  return { endMs, beyond };
}
