// Joins the past to what is live: every publication once, in order, or it is said that some are missing.
//
// A snapshot holds everything up to its position; what follows comes with higher offsets of the same epoch. `to` has
// snapshot(data) and publication(data, tags). What is stored nowhere (comparisons, word of an observation's age) has no
// offset: it is passed on as it comes.

export class Join {
  constructor(to, filtered = false) {
    this.to = to;
    this.filtered = filtered; // or conflated: then some offsets are left out, and a jump is no gap
    this.epoch = null;
    this.offset = null;
    this.gaps = 0;
    this.missed = new Map(); // device → publications that the latest resume brought, with those conflated in them
    this.until = 0; // the offset at which that is all; without end if the server does not say
  }

  // The topic is subscribed: "first", with a snapshot; "resumed" where it was left; or "anew" with another snapshot, as
  // what was missed is no longer there.
  subscribed(position, data, recovered) {
    if (!position) {
      this.to.snapshot(data);
      return "first";
    }
    const { epoch, offset } = position;
    const before = this.offset !== null;
    this.missed = new Map();
    this.until = 0;
    if (recovered && before && epoch === this.epoch) {
      this.until = data?.top ?? Infinity;
      return "resumed";
    }
    [this.epoch, this.offset] = [epoch, offset];
    this.to.snapshot(data);
    return before ? "anew" : "first";
  }

  // Whether there is more to come of what was missed.
  get catchingUp() {
    return Number.isFinite(this.until) && this.offset < this.until;
  }

  publication({ offset, data, tags }) {
    if (offset === undefined) {
      this.to.publication(data, tags);
      return true;
    }
    if (this.offset === null || offset <= this.offset) return false;
    const conflated = Number(tags?.conflated) || 0;
    if (!this.filtered && conflated === 0 && offset !== this.offset + 1) this.gaps++;
    if (offset <= this.until) {
      const device = data?.device ?? "";
      this.missed.set(device, (this.missed.get(device) ?? 0) + 1 + conflated);
    }
    this.offset = offset;
    this.to.publication(data, tags);
    return true;
  }
}
