// Where a metric's readings come from: its topic, and the devices as the server pages them.
//
// The topic brings values as they come, and the past of the window; the pages bring devices that did not fit into the topic's
// snapshot, and units of what came without. Where there is no topic to be had, the pages are read again and again.

import { readFleet } from "./fleet.js";
import { problemOf } from "./problem.js";
import { MOST_DEVICES, Readings } from "./readings.js";

const POINTS = 300;
const AGAIN_MS = 15_000;
const CHECK_MS = 1_000;
const MOST_ASKED = 200; // devices that came since, asked one by one; of more all are read

export class MetricSource {
  source = { device: null };
  points = POINTS;

  // `changed()`: something came. `renewed` is then true if all may be different.
  constructor(connection, metric, windowMs, changed) {
    Object.assign(this, { connection, metric, windowMs, changed });
    this.readings = new Readings(metric, windowMs);
    this.problem = null; // off, denied or another of the feed's
    this.complete = false; // every device was read once
    this.readAt = -Infinity;
    this.asked = new Set(); // each once
    this.calls = 0; // since all were read
    this.due = false; // more came than are asked one by one
    this.unread = null; // why the devices could not be read, see problem.js
    this.apart = false; // whether lines have to come of each device's own topic
  }

  open() {
    this.feed = this.connection.feed(`metric:${this.metric}`);
    this.feed.join(this);
    this.timer = setInterval(() => this.check(), CHECK_MS);
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    this.feed.leave(this);
  }

  // ---- the topic ------------------------------------------------------------

  snapshot(data) {
    this.readings.snapshot(data, Date.now());
    this.heard = (data.latest ?? []).length > 0;
    this.apart = data.window.truncated && data.window.series.length > 0;
    this.subscribed = true;
    this.judge();
    this.renew();
    this.due = true; // what is being read may be of before
    this.read();
  }

  publication(data) {
    const before = this.readings.unitOf(data.device);
    const device = this.readings.publication(data, Date.now());
    if (device === null) return;
    if (before !== "" && this.readings.unitOf(device) !== before) this.renewed = true;
    if (!this.heard) {
      this.heard = true;
      this.judge();
    }
    const row = this.readings.rows.get(device);
    if (row.unit === undefined && this.complete) this.ask(device);
    this.changed();
  }

  trouble(code) {
    // A topic that brings nothing does so after a break, too.
    if (code === null && this.problem === "off") return;
    this.problem = code;
    if (code === null) return;
    this.apart = true;
    this.read();
    this.renew();
  }

  // ---- the devices ----------------------------------------------------------

  check() {
    const again = this.problem !== null || !this.complete || this.due || this.unread !== null;
    if (again && Date.now() - this.readAt >= AGAIN_MS) this.read();
  }

  async read() {
    if (this.reading || this.connection.client.state !== "connected") return;
    this.reading = true;
    this.readAt = Date.now();
    this.due = false;
    const reporting = new Set();
    const take = (devices) => {
      const now = Date.now();
      for (const device of devices) if (this.readings.told(device, now)) reporting.add(device.device);
      this.renew();
    };
    try {
      const all = await readFleet(this.connection.client, take, { most: MOST_DEVICES, ended: () => this.closed });
      if (all) this.readings.completed(reporting, this.readAt);
      else if (!this.closed) this.readings.full = true;
      this.complete = true;
      this.unread = null;
      this.calls = 0;
    } catch (error) {
      this.unread = problemOf(error, this.connection); // it is tried again
    } finally {
      this.reading = false;
    }
    if (this.closed) return;
    this.judge();
    this.renew();
  }

  // Its unit.
  async ask(device) {
    if (this.asked.has(device)) return;
    this.asked.add(device);
    if (this.calls >= MOST_ASKED) {
      this.due = true;
      return;
    }
    this.calls++;
    const { data } = await this.connection.client.rpc("latest", { device }).catch(() => ({ data: null }));
    if (this.closed || data === null) return;
    this.readings.told(data, Date.now());
    this.renew();
  }

  // Devices report it, and the topic knows of none.
  judge() {
    const off = this.subscribed && this.complete && !this.heard && this.readings.rows.size > 0;
    if (off) [this.problem, this.apart] = ["off", true];
    else if (this.problem === "off") this.problem = null;
  }

  renew() {
    this.renewed = true;
    this.changed();
  }
}
