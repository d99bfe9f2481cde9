// Joins the past to what is live: every publication once, in order, or it is said that some are missing.
//
// A snapshot holds everything up to its position; what follows comes with higher offsets of the same epoch. `to` has
// snapshot(data) and publication(data, tags).

export class Join {
  constructor(to, filtered = false) {
    this.to = to;
    this.filtered = filtered; // or conflated: then some offsets are left out, and a jump is no gap
    this.epoch = null;
    this.offset = null;
    this.resumed = 0; // publications that a resume brought at once
    this.gaps = 0;
  }

  // The topic is subscribed: anew with a snapshot, or resumed where it was left.
  subscribed({ epoch, offset }, data, recovered) {
    this.resumed = 0;
    if (recovered && this.offset !== null && epoch === this.epoch) return;
    [this.epoch, this.offset] = [epoch, offset];
    this.to.snapshot(data);
  }

  publication({ offset, data, tags }) {
    if (this.offset === null || offset <= this.offset) return false;
    if (!this.filtered && offset !== this.offset + 1) this.gaps++;
    this.offset = offset;
    this.to.publication(data, tags);
    return true;
  }
}
