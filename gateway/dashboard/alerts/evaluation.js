// Whether a rule is so now, decided of readings and of time. Times are Unix milliseconds of the viewer's clock: `at` is when a
// value was measured, as far as that is known.
//
// What cannot be known is said to be unknown: without a connection, or when the value is too old, nothing goes off and
// nothing is well. What has gone off stays so until something newer says that it is over.

// What was missed comes first after a resume; before that, silence means nothing.
const SETTLE_MS = 5_000;

export class Evaluation {
  // `raisedAt`: when it went off, if it had when the page was left.
  constructor(rule, raisedAt = null) {
    this.rule = rule;
    this.raisedAt = raisedAt;
    this.value = null;
    this.at = null; // of the newest reading
    this.beyondAt = null; // since when the value is beyond the limit
    this.knownAt = null; // since when something can be known
    this.reason = "connecting";
  }

  // A reading; returns what came of it: [{raised, at}, …], oldest first. One that comes late changes nothing.
  reading(value, at, now) {
    if (this.at !== null && at < this.at) return [];
    const events = [];
    if (this.rule.kind === "silent") {
      this.at = at;
      if (this.raisedAt !== null && now - at <= this.silentMs) this.end(at, events);
      return events;
    }
    this.settle(at, events);
    this.at = at;
    this.value = typeof value === "boolean" ? Number(value) : value;
    if (typeof this.value !== "number") [this.value, this.beyondAt] = [null, null];
    else if (this.raisedAt !== null) this.isBack && this.end(at, events);
    else if (this.isBeyond) this.beyondAt ??= at;
    else this.beyondAt = null;
    this.settle(at, events);
    return events;
  }

  // The readings of the time before anybody listened, [[value, at], …]. Of what went off in it only what still counts is told.
  begin(readings, now) {
    const wasRaised = this.raisedAt !== null;
    const counted = readings.filter(([, at], index) => at >= (this.raisedAt ?? -Infinity) || index === readings.length - 1);
    const events = counted.flatMap(([value, at]) => this.reading(value, at, now));
    const ended = wasRaised ? events.filter(({ raised }) => !raised).slice(0, 1) : [];
    const last = events.at(-1);
    return last?.raised ? [...ended, last] : ended;
  }

  // Time passes. `reason`: why nothing can be known now, or null.
  tick(now, reason) {
    const events = [];
    this.reason = reason;
    if (reason !== null) {
      this.knownAt = null;
      return events;
    }
    this.knownAt ??= now;
    if (this.rule.kind !== "silent") this.settle(now, events);
    else if (this.raisedAt === null && now - this.knownAt >= SETTLE_MS) {
      const silentAt = (this.at ?? this.knownAt) + this.silentMs;
      if (now > silentAt) this.raise(silentAt, events);
    }
    return events;
  }

  // "on", "waiting" (beyond the limit, but not for long enough), "fine" or "unknown".
  get state() {
    if (this.unknown !== null) return "unknown";
    if (this.raisedAt !== null) return "on";
    return this.beyondAt !== null ? "waiting" : "fine";
  }

  // Why it is unknown, as the texts call it; else null.
  get unknown() {
    if (this.reason !== null) return this.reason;
    if (this.rule.kind === "silent") return this.at === null && this.raisedAt === null ? "nothing" : null;
    if (this.value === null) return this.at === null ? "nothing" : "text";
    return null;
  }

  get silentMs() {
    return this.rule.silentS * 1_000;
  }

  get isBeyond() {
    return this.rule.kind === "above" ? this.value > this.rule.limit : this.value < this.rule.limit;
  }

  get isBack() {
    const { kind, limit, back } = this.rule;
    return kind === "above" ? this.value <= limit - back : this.value >= limit + back;
  }

  // It goes off once it has been beyond for long enough.
  settle(now, events) {
    if (this.beyondAt === null || this.raisedAt !== null) return;
    const due = this.beyondAt + this.rule.forS * 1_000;
    if (now >= due) this.raise(due, events);
  }

  raise(at, events) {
    this.raisedAt = at;
    events.push({ raised: true, at });
  }

  end(at, events) {
    [this.raisedAt, this.beyondAt] = [null, null];
    events.push({ raised: false, at });
  }
}
