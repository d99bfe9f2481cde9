// One topic for all that show something of it: one subscription, however many they are.
//
// A listener has {source, windowMs, points}, snapshot(data), publication(data) and trouble(code or null). When one joins,
// the topic is subscribed anew with the longest window that is wanted, and all of them get the new snapshot.

import { Join } from "./join.js";

const MOST_POINTS = 5_000;
const MOST_FILTER = 8_000; // bytes, as JSON
// The newest values of a filtered topic come of its window alone; a group topic is kept for an hour.
const FILTERED_MS = 3_600_000;
const PROBLEMS = new Map([[102, "unknown"], [107, "unknown"], [106, "limit"]]);
const ALREADY = 105; // over HTTP a subscribe may overtake the unsubscribe before it

export class Feed {
  constructor(client, topic, ended = () => {}) {
    this.client = client;
    this.topic = topic;
    this.ended = ended;
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
        publication: (data) => this.tell("publication", data),
      },
      Boolean(wishes.tagsFilter),
    );
    const subscription = (this.subscription = this.client.newSubscription(this.topic, wishes));
    this.joined = join;
    subscription.on("subscribed", ({ streamPosition, data, recovered }) => {
      this.subscribed = true;
      this.tell("trouble", null);
      join.subscribed(streamPosition, data, recovered);
    });
    subscription.on("publication", (publication) => join.publication(publication));
    subscription.on("unsubscribed", ({ code }) => {
      if (this.subscription !== subscription) return;
      this.subscribed = false;
      if (code === ALREADY) this.renew();
      else this.tell("trouble", PROBLEMS.get(code) ?? "denied");
    });
    subscription.subscribe();
  }

  tell(what, data) {
    for (const listener of [...this.listeners]) listener[what](data);
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
  const data = { window: `${Math.ceil(windowMs / 1000)}s`, points: Math.min(points, MOST_POINTS) };
  return tagsFilter ? { data, tagsFilter } : { data };
}

function filterOf(listeners) {
  const vals = [...new Set(listeners.map((each) => each.source.device).filter((device) => device !== null))].sort();
  const filter = { key: "device", cmp: "in", vals };
  return vals.length > 0 && JSON.stringify(filter).length <= MOST_FILTER ? filter : null;
}
