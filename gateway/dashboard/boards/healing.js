// When a page that nobody looks after is to be loaded anew: after an error of a script, and when it does not find back to
// its server. Times are milliseconds.

const PATIENCE_MS = 60_000;
const LONGEST_PATIENCE_MS = 1_800_000;
const LOST_MS = 300_000;
// What loading anew cannot mend: it is shown, and ends by itself or by somebody.
const AT_REST = ["live", "stale", "denied", "origin"];

export class Healing {
  // `tries`: how often in a row it was loaded anew already; each time it is given more time.
  constructor({ now, tries = 0 }) {
    this.tries = tries;
    this.began = now;
    this.patienceMs = Math.min(PATIENCE_MS * 2 ** Math.min(tries, 30), LONGEST_PATIENCE_MS);
    this.failedAt = null;
    this.lostAt = null;
  }

  failed(now) {
    this.failedAt ??= now;
  }

  connection(state, now) {
    if (AT_REST.includes(state)) this.lostAt = null;
    else this.lostAt ??= now;
    // It has done well for long enough.
    if (this.failedAt === null && this.lostAt === null && now - this.began > LONGEST_PATIENCE_MS) this.tries = 0;
  }

  wanted(now) {
    const failed = this.failedAt !== null && now - this.failedAt >= this.patienceMs;
    const lost = this.lostAt !== null && now - this.lostAt >= Math.max(LOST_MS, this.patienceMs);
    return failed || lost;
  }
}
