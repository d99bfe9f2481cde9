// Joins the past to what is live: every publication once, in order, or it is said that some are missing.
//
// A snapshot holds everything up to its position; what follows comes with higher offsets of the same epoch. `to` has
// snapshot(data) and publication(data). What is stored nowhere (comparisons, word of an observation's age) has no offset: it
// is passed on as it comes.

export class Join {
  constructor(to, filtered = false) {
    this.to = to;
    this.filtered = filtered; // then offsets of others are left out, and a jump is no gap
    this.epoch = null;
    this.offset = null;
    this.resumed = 0; // publications that a resume brought at once
    this.gaps = 0;
  }

  // The topic is subscribed: anew with a snapshot, or resumed where it was left.
  subscribed(position, data, recovered) {
    this.resumed = 0;
    if (!position) {
      this.to.snapshot(data);
      return;
    }
    const { epoch, offset } = position;
    if (recovered && this.offset !== null && epoch === this.epoch) return;
    [this.epoch, this.offset] = [epoch, offset];
    this.to.snapshot(data);
  }

  publication({ offset, data }) {
    if (offset === undefined) {
      this.to.publication(data);
      return true;
    }
    if (this.offset === null || offset <= this.offset) return false;
    if (!this.filtered && offset !== this.offset + 1) this.gaps++;
    this.offset = offset;
    this.to.publication(data);
    return true;
  }
}
