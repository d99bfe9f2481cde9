// Tells in the banner that readings have stopped to come, in whatever view: of what the feeds of the connection bring
// anyway, and where that is nothing, of the list of devices, since a view may follow few of them or none.

import { DataStopped } from "../live/data_stopped.js";
import { DeviceList } from "../live/device_list.js";

const TICK_MS = 1_000;
const QUIET_MS = 60_000; // then the list is asked, and as often
const PAGE_MS = 30_000; // a list of many pages is asked less often
const CLOCKS_MS = 2_000; // by so much the list may tell the time of a known reading otherwise
const FEW = 8; // readings of each device tell how often one comes
const KEY = "data";

export class DataWatch {
  constructor(context, { page = document, clock = Date.now } = {}) {
    Object.assign(this, { context, page, clock });
    this.stopped = new DataStopped();
    this.sure = false; // no device of the list has been heard since
    this.due = clock() + QUIET_MS;
  }

  start() {
    const { connection } = this.context;
    connection.watchers.add((topic, what, data) => this.brought(topic, what, data));
    connection.listeners.add(() => this.turn());
    this.page.addEventListener("visibilitychange", () => this.turn());
    setInterval(() => this.tick(), TICK_MS);
    this.turn();
  }

  // What nobody could hear is no gap; of a page that nobody looks at the list is not asked.
  turn() {
    this.stopped.live(this.context.connection.state === "live", this.clock());
    this.tick();
  }

  brought(topic, what, data) {
    if (what === "publication" && isOfDevices(topic)) this.heard(this.clock());
    if (what === "snapshot" && topic === "readings" && data?.window) this.learn(data.window);
  }

  heard(at) {
    if (at > (this.stopped.last ?? -Infinity)) this.sure = false;
    this.stopped.heard(at);
  }

  learn({ to, series }) {
    const now = this.clock();
    const times = series.flatMap(({ points }) => points.slice(-FEW).map(([ts]) => ts + now - to)).filter((at) => at <= now);
    this.stopped.learn(times);
    if (times.length > 0) this.heard(times.reduce((newest, at) => Math.max(newest, at)));
  }

  tick() {
    if (this.page.hidden) return;
    const now = this.clock();
    const quiet = this.stopped.last === null || now - this.stopped.last >= QUIET_MS;
    if (quiet && now >= this.due && this.context.connection.state === "live") this.ask(now);
    this.show();
  }

  // Whether any device has been heard after what is known; as soon as one has, the others need not be read.
  ask(now) {
    this.due = now + QUIET_MS;
    this.list?.close();
    const known = this.stopped.last ?? -Infinity;
    let pages = 0;
    const list = (this.list = new DeviceList({
      access: this.context.access,
      clock: this.clock,
      rows: (rows, serverNow) => {
        pages++;
        const newest = newestOf(rows, serverNow, this.clock());
        if (newest > known + CLOCKS_MS) {
          list.enough();
          this.heard(newest);
          this.show();
        }
      },
      completed: (names) => {
        list.close(); // this one does not try again by itself
        this.due = Math.max(this.due, this.clock() + pages * PAGE_MS);
        if (names !== null) this.sure = names.size > 0 && (this.stopped.last ?? -Infinity) === known;
        this.show();
      },
    }));
    list.read();
  }

  show() {
    const since = this.sure ? this.stopped.since(this.clock()) : null;
    const { texts, format, banner } = this.context;
    banner.set(KEY, since === null ? null : texts.shell.stopped(format.time(since)));
  }
}

// Weather comes on while devices are silent.
function isOfDevices(topic) {
  return topic === "readings" || topic.startsWith("device:") || topic.startsWith("metric:");
}

// When the newest of the list came, by the viewer's clock.
function newestOf(rows, serverNow, now) {
  if (serverNow === null) return -Infinity;
  return rows.reduce((newest, { last_seen: seen }) => Math.max(newest, Math.min(seen, serverNow) + now - serverNow), -Infinity);
}
