// Topics of single devices, for those in view: where the topic of all readings is not to be had, or its snapshot has
// too few points for so many devices.

// Well below WINDSOCK_CHANNELS_PER_CLIENT: other parts of the page need theirs.
export const MOST = 48;
const AT_ONCE = 8;

export class Closeups {
  // `snapshot(data)` and `publication(data)` of each; `wishes` are a listener's.
  constructor({ connection, wishes, snapshot, publication }) {
    Object.assign(this, { connection, wishes, snapshot, publication });
    this.open = new Map(); // by device: its listener
    this.queue = [];
    this.done = new Set();
    this.staying = false;
  }

  // Follow these, and none of the others; `staying` or only until their past is there.
  want(ids, staying) {
    if (staying !== this.staying) this.done.clear();
    this.staying = staying;
    const wanted = new Set(ids.slice(0, MOST));
    for (const id of this.open.keys()) if (!wanted.has(id)) this.leave(id);
    this.queue = [...wanted].filter((id) => !this.open.has(id) && (staying || !this.done.has(id)));
    this.next();
  }

  next() {
    while (this.queue.length && (this.staying || this.open.size < AT_ONCE)) this.join(this.queue.shift());
  }

  join(id) {
    const over = () => {
      if (this.staying || !this.open.has(id)) return;
      this.done.add(id);
      this.leave(id);
      this.next();
    };
    const listener = {
      ...this.wishes,
      source: { device: null },
      snapshot: (data) => {
        if (data?.window) this.snapshot(data);
        over();
      },
      publication: (data, tags) => this.publication(data, tags),
      trouble: (code) => code !== null && over(),
    };
    this.open.set(id, listener);
    this.connection.feed(`device:${id}`).join(listener);
  }

  leave(id) {
    this.connection.feed(`device:${id}`).leave(this.open.get(id));
    this.open.delete(id);
  }

  // What was had of them is too old now.
  forget() {
    this.done.clear();
  }

  close() {
    this.queue = [];
    for (const id of [...this.open.keys()]) this.leave(id);
  }
}
