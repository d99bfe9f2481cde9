// The list of devices that the viewer may see, read in pages, again when that is due.

const PAGE = 500;
const WITHIN_MS = 30_000;
const RETRY_MS = 5_000;
// An answer's Date has whole seconds.
const HALF_SECOND_MS = 500;

export class DeviceList {
  // `rows(rows, serverNow)` is called with each page, `completed(names)` with the end; `problem` is null, or the
  // error that there was. `hidden()`: nobody looks, so that it can wait.
  constructor({ access, rows, completed, hidden = () => false, clock = Date.now }) {
    Object.assign(this, { access, rows, completed, hidden, clock });
    this.complete = false;
    this.problem = null;
    this.reading = null;
    this.dueAt = Infinity;
  }

  // What is being read need not be read to its end.
  enough() {
    this.reading = null;
  }

  // Read it within `ms`; what is due sooner already stays so.
  due(ms) {
    const at = this.clock() + ms;
    if (this.closed || at >= this.dueAt) return;
    this.dueAt = at;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hidden() || this.read(), ms);
  }

  // Somebody looks again.
  wake() {
    if (this.dueAt <= this.clock()) this.read();
  }

  async read() {
    clearTimeout(this.timer);
    this.dueAt = Infinity;
    const mine = (this.reading = Symbol("reading"));
    const names = new Set();
    try {
      for (let path = "/api/devices"; path; ) {
        const { devices, next, serverNow } = await this.page(path);
        if (this.reading !== mine || this.closed) return;
        for (const { device } of devices) names.add(device);
        this.rows(devices, serverNow);
        path = next;
      }
    } catch (error) {
      if (this.reading !== mine || this.closed) return;
      this.problem = error;
      this.due(RETRY_MS);
      this.completed(null);
      return;
    }
    [this.complete, this.problem] = [true, null];
    this.completed(names);
  }

  async page(path) {
    const answer = await this.access.read(wider(path), { signal: AbortSignal.timeout(WITHIN_MS) });
    // A server may be set to smaller pages.
    if (answer.status === 400 && wider(path) !== path) return this.told(await this.access.read(path));
    return this.told(answer);
  }

  async told(answer) {
    const { ok, status } = answer;
    const told = await answer.json().catch((error) => {
      // One that broke off is none.
      if (ok) throw Object.assign(error, { unreachable: !(error instanceof SyntaxError) });
    });
    if (!ok) throw Object.assign(new Error(told?.detail ?? `status ${status}`), { status });
    const date = Date.parse(answer.headers.get("Date"));
    return { ...told, serverNow: Number.isFinite(date) ? date + HALF_SECOND_MS : null };
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }
}

// The first page is the usual one, so that something is seen soon; those after it are large.
export function wider(path) {
  return path.includes("after=") ? path.replace(/([?&]limit=)\d+/, `$1${PAGE}`) : path;
}
