// One topic for all that show something of it: one subscription, however many they are.
//
// A listener has {source, windowMs, points}, snapshot(data), publication(data, tags) and trouble(code or null). When one
// joins, the topic is subscribed anew with the longest window that is wanted, and all of them get the new snapshot. It may
// wish for a `delivery` ("sample" with a `rate`, "latest"); whoever wishes for none gets every publication, and so do the
// others then.

import { Join } from "./join.js";
import { tellEach } from "./tell.js";

const MOST_POINTS = 5_000;
const MOST_FILTER = 8_000; // bytes, as JSON
// The newest values of a filtered topic come of its window alone; a group topic is kept for an hour.
const FILTERED_MS = 3_600_000;
const PROBLEMS = new Map([[102, "unknown"], [107, "unknown"], [106, "limit"]]);
const ALREADY = 105; // over HTTP a subscribe may overtake the unsubscribe before it

export class Feed {
  // `ended()` is called when nobody listens any more. `back(how, missed)` is called when the topic is subscribed and all
  // that was missed is there: how, says Join, and how many publications by device; `how` is null where it may not be had.
  // `brought(what, data)` is called with what its listeners are told.
  constructor(client, topic, { ended = () => {}, back = () => {}, brought = () => {} } = {}) {
    this.client = client;
    this.topic = topic;
    this.ended = ended;
    this.back = back;
    this.brought = brought;
    this.listeners = new Set();
    this.subscription = null;
    this.subscribed = false;
    this.renewing = false;
  }

  join(listener) {
    this.listeners.add(listener);
    this.renew();
  }

  leave(listener) {
    this.listeners.delete(listener);
    // Those that are only moved come back at once.
    queueMicrotask(() => this.listeners.size === 0 && this.end());
  }

  // Whether it is yet to be subscribed again.
  get resuming() {
    return this.subscription?.state === "subscribing";
  }

  // Once for all that join together.
  renew() {
    if (this.renewing) return;
    this.renewing = true;
    queueMicrotask(() => {
      this.renewing = false;
      if (this.listeners.size > 0) this.subscribe();
    });
  }

  subscribe() {
    this.drop();
    const wishes = this.topic.startsWith("compare:") ? {} : wishesOf([...this.listeners]); // it has no past
    const join = new Join(
      {
        snapshot: (data) => this.tell("snapshot", data),
        publication: (data, tags) => this.tell("publication", data, tags),
      },
      Boolean(wishes.tagsFilter || wishes.data?.delivery),
    );
    const subscription = (this.subscription = this.client.newSubscription(this.topic, wishes));
    this.joined = join;
    let catchingUp = false;
    subscription.on("subscribed", ({ streamPosition, data, recovered }) => {
      this.subscribed = true;
      this.tell("trouble", null);
      const how = join.subscribed(streamPosition, data, recovered);
      // What the reply holds comes right after this, the rest with what is live.
      queueMicrotask(() => {
        catchingUp = join.catchingUp;
        if (!catchingUp && this.subscription === subscription) this.back(how, join.missed);
      });
    });
    subscription.on("publication", (publication) => {
      join.publication(publication);
      if (!catchingUp || join.catchingUp) return;
      catchingUp = false;
      this.back("resumed", join.missed);
    });
    subscription.on("unsubscribed", ({ code }) => {
      if (this.subscription !== subscription) return;
      this.subscribed = false;
      if (code === ALREADY) {
        this.renew();
        return;
      }
      this.tell("trouble", PROBLEMS.get(code) ?? "denied");
      this.back(null, new Map());
    });
    subscription.subscribe();
  }

  tell(what, ...data) {
    tellEach(this.listeners, (listener) => listener[what](...data));
    this.brought(what, data[0]);
  }

  drop() {
    const subscription = this.subscription;
    this.subscription = null;
    this.subscribed = false;
    if (subscription) this.client.removeSubscription(subscription);
  }

  end() {
    this.drop();
    this.ended();
  }
}

// The options of a subscription that serves all of them.
export function wishesOf(listeners) {
  const tagsFilter = filterOf(listeners);
  const windowMs = Math.max(tagsFilter ? FILTERED_MS : 0, ...listeners.map((each) => each.windowMs));
  // A short window beside a long one keeps its points, as far as a snapshot can have them.
  const points = Math.max(...listeners.map((each) => Math.ceil((each.points * windowMs) / each.windowMs)));
  const window = `${Math.ceil(windowMs / 1000)}s`;
  const data = { window, points: Math.min(points, MOST_POINTS), ...deliveryOf(listeners) };
  return tagsFilter ? { data, tagsFilter } : { data };
}

// Null as soon as one of them wants the topic of all devices, or of one.
function filterOf(listeners) {
  const vals = [...new Set(listeners.map((each) => each.source.device))].sort();
  const filter = { key: "device", cmp: "in", vals };
  return !vals.includes(null) && JSON.stringify(filter).length <= MOST_FILTER ? filter : null;
}

// What leaves out least of what anybody wishes for.
function deliveryOf(listeners) {
  if (listeners.some((each) => !each.delivery)) return {};
  if (listeners.some((each) => each.delivery === "latest")) return { delivery: "latest" };
  return { delivery: "sample", rate: Math.max(...listeners.map((each) => each.rate ?? 1)) };
}
