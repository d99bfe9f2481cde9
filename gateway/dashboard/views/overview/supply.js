// Where the roster's readings come from: the list of devices, and what is live, by the topic of all readings or, where
// that brings nothing, by the topics of the devices in view.

import { DeviceList } from "../../live/device_list.js";
import { Closeups } from "./closeups.js";

export const WINDOW_MS = 900_000;
export const POINTS = 60;
const TOPIC = "readings";
const WISHES = { windowMs: WINDOW_MS, points: POINTS, delivery: "sample", rate: 1 };
const CROWDED = 8_000; // points in a snapshot: more of them, and each device has only few
const FEW = 8; // points of a line
// How soon the list is read anew.
const USUALLY_MS = 300_000;
const ALONE_MS = 30_000; // nothing else tells of devices out of view
const EMPTY_MS = 5_000; // nothing tells of any device
const NEW_NAMES_MS = 10_000;
const DOUBTED_MS = 5_000;
const DOUBTS = 4; // asked for at once

export class Supply {
  // `changed()` is called when it has become known whether there are devices, or that they cannot be had.
  constructor({ connection, access, roster, changed = () => {}, hidden, clock = Date.now }) {
    Object.assign(this, { connection, roster, changed, clock });
    this.heardByTopic = false; // it is switched on
    this.trouble = null;
    this.crowded = false;
    this.inView = [];
    this.doubted = new Map(); // by device: when it may be asked for
    this.asking = 0;
    this.list = new DeviceList({
      access,
      hidden,
      clock,
      rows: (rows, serverNow) => {
        roster.listed(rows, serverNow, clock());
        changed();
      },
      completed: (names) => this.completed(names),
    });
    this.closeups = new Closeups({
      connection,
      wishes: WISHES,
      snapshot: (data) => roster.snapshot(data, POINTS, clock()),
      publication: (data, tags) => this.publication(data, tags),
    });
    this.listener = {
      ...WISHES,
      source: { device: null },
      snapshot: (data) => this.snapshot(data),
      publication: (data, tags) => {
        this.publication(data, tags);
        if (this.heardByTopic) return;
        this.heardByTopic = true;
        this.follow();
      },
      trouble: (code) => this.troubled(code),
    };
  }

  open() {
    this.roster.heardOfNew = () => this.list.due(NEW_NAMES_MS);
    this.connection.feed(TOPIC).join(this.listener);
    this.connection.listeners.add(this.turned);
    this.wasLive = this.connection.state === "live"; // the first time the list is read anyway
    this.list.read();
  }

  // The topic of all readings resumes where it was left; without it, whatever came meanwhile is in the list.
  turned = (state) => {
    if (state !== "live") return;
    if (this.wasLive && this.alone) this.list.due(0);
    this.wasLive = true;
  };

  get known() {
    return this.list.complete || this.roster.devices.size > 0;
  }

  // Why there are no devices: an error, or null.
  get problem() {
    return this.list.problem;
  }

  // Nothing comes by the topic of all readings, so that those in view have their own ones.
  get alone() {
    return this.trouble !== null || !this.heardByTopic;
  }

  snapshot(data) {
    if (!data?.window) return;
    const again = this.snapshotted;
    this.snapshotted = true;
    const points = data.window.series.reduce((sum, each) => sum + each.points.length, 0);
    if (points) this.heardByTopic = true;
    this.crowded = data.window.truncated || points > CROWDED;
    this.closeups.forget();
    this.roster.snapshot(data, POINTS, this.clock());
    if (again) this.list.read(); // what was missed cannot be had
    this.follow();
    this.changed();
  }

  publication(data, tags) {
    this.roster.publication(data, this.clock());
    if (tags?.conflated > 0) this.doubt(data);
  }

  troubled(code) {
    this.trouble = code;
    if (code !== null) this.list.due(ALONE_MS);
    this.follow();
  }

  completed(names) {
    if (names) {
      this.roster.completed(names, this.clock());
      this.doubted.clear();
      const alone = this.roster.devices.size ? ALONE_MS : EMPTY_MS;
      this.list.due(this.alone ? alone : USUALLY_MS);
    }
    this.follow();
    this.changed();
  }

  // The devices in view, in their order; `line(device)` is the metric whose line each shows.
  look(devices, line) {
    this.inView = devices;
    this.line = line;
    this.follow();
    this.ask();
  }

  follow() {
    const live = this.trouble !== null || (this.snapshotted && this.list.complete && !this.heardByTopic);
    const thin = (device) => (device.lines.get(this.line?.(device))?.length ?? 0) < FEW;
    const wanted = live ? this.inView : this.crowded ? this.inView.filter(thin) : [];
    this.closeups.want(wanted.map((device) => device.id), live);
  }

  // Of a device that posts its metrics one by one, a value may have been left out in favour of another metric's.
  doubt({ device: id, values }) {
    const device = this.roster.devices.get(id);
    if (!device || this.doubted.has(id) || [...device.values.keys()].every((metric) => Object.hasOwn(values, metric))) return;
    this.doubted.set(id, this.clock() + DOUBTED_MS);
  }

  // Ask for those in view; called every now and then.
  ask() {
    if (!this.doubted.size || this.connection.client.state !== "connected") return;
    for (const { id } of this.inView) {
      if (this.asking >= DOUBTS) return;
      if ((this.doubted.get(id) ?? Infinity) > this.clock()) continue;
      this.doubted.delete(id);
      this.asking++;
      this.connection.client.rpc("latest", { device: id })
        .then(({ data }) => data?.latest && !this.closed && this.roster.listed([data], null, this.clock()), () => {})
        .finally(() => this.asking--);
    }
  }

  close() {
    this.closed = true;
    this.roster.heardOfNew = () => {};
    this.connection.feed(TOPIC).leave(this.listener);
    this.connection.listeners.delete(this.turned);
    this.closeups.close();
    this.list.close();
  }
}
