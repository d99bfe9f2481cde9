// One connection to a server, for everything on a page: topics, and whether it is live.
//
// `state` is connecting, live, stale (the server hears nothing from its own), resuming, offline, denied or origin (the
// server does not take sockets of this page). The SDK connects and resumes by itself; what it cannot see is asked: every
// few seconds the server says whether it is live, and one that does not answer has been lost. `since` is when it was last
// known to be live, null while it is; `why` says why it is denied: none, expired, refused, revoked or ended.
//
// `watchers` are called with (topic, what, data) for all that any feed brings; it is not subscribed for them.
//
// When it is live again, `recoveries` are told what came back, as Outage says.

import { Feed } from "./feed.js";
import { Outage } from "./outage.js";
import { tellEach } from "./tell.js";

const ASK_MS = 5_000;
// A busy server may take as long for a snapshot (it waits for 5 s for the topic and for 5 s more for what is shown): who
// gives up before only makes it begin anew. Topics are served one after the other: where several are that slow, the last of
// them still waits for longer and is subscribed again. And a server that takes a connection and says nothing at all is
// noticed only then.
const REPLY_MS = 20_000;
const SLEPT_MS = 15_000;
const TIMEOUT = 1; // the SDK's code
// Closed for good, says the SDK; but whoever closed it may think better of it.
const AGAIN_MS = 30_000;
const REFUSED = [1, 101, 103, 109, 3500, 3501, 3503, 3507]; // for who we are
const SETTLED_MS = 5_000; // what was filtered out of what was missed is not told

export class Connection {
  // `createClient(endpoints, options)` makes a client of the SDK; `page` is where its events come from, `get` fetches.
  constructor({ server, token, createClient, page = globalThis, get = (url) => fetch(url), clock = Date.now }) {
    this.page = page;
    this.get = get;
    this.clock = clock;
    this.origin = new URL("embed/origin", server);
    if (page.location) this.origin.searchParams.set("page", page.location.origin);
    this.feeds = new Map();
    this.listeners = new Set();
    this.recoveries = new Set();
    this.watchers = new Set();
    this.state = "connecting";
    this.why = null;
    this.token = token;
    this.was = false; // connected before
    this.unsure = false; // slept, and heard nothing since
    this.outage = null;
    this.client = createClient(endpointsOf(server), {
      emulationEndpoint: new URL("emulation", server).href,
      timeout: REPLY_MS,
      ...(token ? { token } : {}),
    });
    this.client.on("connected", ({ data } = {}) => this.connected(data?.status));
    this.client.on("connecting", () => this.lost());
    this.client.on("disconnected", ({ code }) => this.ended(code));
    this.client.on("error", () => this.askWhy());
    this.since = this.heard = this.ticked = clock();
    this.timer = setInterval(() => this.ask(), ASK_MS);
    this.waken = () => this.ask();
    this.renamed = () => this.client.state === "connecting" && this.lost();
    for (const event of ["online", "pageshow", "visibilitychange", "focus"]) page.addEventListener?.(event, this.waken, true);
    for (const event of ["online", "offline"]) page.addEventListener?.(event, this.renamed);
    this.client.connect();
  }

  // The feed of a topic; it is there while somebody listens.
  feed(topic) {
    if (!this.feeds.has(topic)) {
      const ended = () => {
        this.feeds.delete(topic);
        this.returned(topic, null, 0);
      };
      const back = (how, missed) => this.returned(topic, how, missed);
      const brought = (what, data) => tellEach(this.watchers, (watcher) => watcher(topic, what, data));
      this.feeds.set(topic, new Feed(this.client, topic, { ended, back, brought }));
    }
    return this.feeds.get(topic);
  }

  // `status` is told by a server that hears nothing itself.
  connected(status = "live") {
    clearTimeout(this.again);
    this.was = true;
    this.hear();
    this.become(status === "live" ? "live" : "stale");
    this.awaitTopics();
    this.ask();
  }

  // What was missed is known once the topics that were left are subscribed again.
  awaitTopics() {
    this.outage?.back([...this.feeds.values()].filter((feed) => feed.resuming).map((feed) => feed.topic));
    clearTimeout(this.settling);
    this.backAt = this.clock();
    this.settling = setTimeout(() => this.giveUp(), SETTLED_MS);
    this.settle();
  }

  // A topic is subscribed again, or never will be.
  returned(topic, how, missed) {
    if (how === "anew" && !this.outage) {
      this.outage = new Outage(null);
      this.outage.back([]);
    }
    if (how === null) this.outage?.gone(topic);
    else this.outage?.topic(topic, how, missed);
    this.settle();
  }

  // What a busy server is still at is waited for, as long as for any reply.
  giveUp() {
    const patient = this.clock() - this.backAt < REPLY_MS;
    for (const topic of [...(this.outage?.waiting ?? [])]) {
      const feed = this.feeds.get(topic);
      if (feed?.resuming && patient) continue;
      if (!feed || feed.resuming) this.outage.gone(topic);
      else this.outage.topic(topic, "resumed", feed.joined.missed);
    }
    if (this.outage?.waiting?.size > 0) this.settling = setTimeout(() => this.giveUp(), SETTLED_MS);
    this.settle();
  }

  settle() {
    const result = this.state === "live" ? this.outage?.result(this.clock()) : null;
    if (!result) return;
    this.outage = null;
    tellEach(this.recoveries, (listener) => listener(result));
  }

  lost() {
    // It is tried again in vain until it is connected.
    if (this.state === "origin" || this.state === "denied") return;
    this.become(this.page.navigator?.onLine === false ? "offline" : this.was ? "resuming" : "connecting");
  }

  ended(code) {
    if (this.restarting || this.closed) return;
    this.why = REFUSED.includes(code) ? whyDenied(code, this) : null;
    this.become(this.why ? "denied" : "offline");
    this.again = setTimeout(() => this.client.connect(), AGAIN_MS * (0.5 + Math.random()));
  }

  // Whether the server is live. One call at a time; after a sleep, whatever was asked before is forgotten.
  async ask() {
    const slept = this.overslept;
    this.unsure ||= slept;
    this.ticked = this.clock();
    if (this.client.state !== "connected" || (this.asking && !slept)) return;
    const mine = (this.asking = Symbol("asked"));
    let busy = this.awaiting;
    const late = setInterval(() => {
      // Not at once: where a busy page comes to this late, the answer may be there already.
      setTimeout(() => {
        if (this.asking !== mine) return;
        // Where a topic was awaited just now, the server may only have come to this question.
        const [before, now] = [busy, this.awaiting];
        busy = now;
        if (!before && !now) this.restart();
      }, 0);
    }, ASK_MS);
    try {
      const { data } = await this.client.rpc("status", null);
      if (this.asking !== mine) return;
      const before = this.state;
      if (this.client.state === "connected") this.become(data.status === "live" ? "live" : "stale");
      this.hear();
      if (before === "stale" && this.state === "live") this.awaitTopics();
    } catch ({ code }) {
      if (this.asking === mine && code === TIMEOUT) this.restart();
    } finally {
      clearInterval(late);
      if (this.asking === mine) this.asking = null;
    }
  }

  hear() {
    [this.heard, this.unsure] = [this.clock(), false];
  }

  // Whether the page was asleep until just now.
  get overslept() {
    return this.clock() - this.ticked > SLEPT_MS;
  }

  // Whether a topic is being subscribed: the server answers one after the other, and what else is asked comes later.
  get awaiting() {
    return [...this.feeds.values()].some((feed) => feed.resuming);
  }

  // A closing handshake with a server that is gone would only take longer; the subscriptions resume by position.
  restart() {
    this.restarting = true;
    this.client.disconnect();
    this.client.connect();
    this.restarting = false;
  }

  // A browser does not say why a socket does not open; the server says whether this page may open one.
  async askWhy() {
    if (this.was || this.wondering) return;
    this.wondering = true;
    try {
      const answer = await this.get(this.origin.href);
      const { allowed } = await answer.json();
      if (!this.was && !this.closed && this.state !== "denied") {
        if (!allowed) this.become("origin");
        else if (this.state === "origin") this.become("connecting");
      }
    } catch {
      // It cannot be reached: that is what `connecting` says.
    } finally {
      this.wondering = false;
    }
  }

  become(state) {
    if (state === this.state) return;
    if (state === "live") this.since = null;
    else if (this.state === "live") this.broke(state);
    this.state = state;
    tellEach(this.listeners, (listener) => listener(state));
  }

  // A socket that breaks did so now, unless the page was asleep and has heard nothing since; who hears nothing has heard
  // nothing since the last answer.
  broke(state) {
    const now = this.clock();
    const noticed = state !== "stale" && !this.restarting && !this.unsure && !this.overslept;
    this.since = noticed ? now : this.heard;
    this.outage ??= new Outage(this.since);
    this.outage.broke(this.since);
  }

  close() {
    this.closed = true;
    clearTimeout(this.again);
    clearTimeout(this.settling);
    clearInterval(this.timer);
    for (const event of ["online", "pageshow", "visibilitychange", "focus"]) {
      this.page.removeEventListener?.(event, this.waken, true);
    }
    for (const event of ["online", "offline"]) this.page.removeEventListener?.(event, this.renamed);
    this.client.disconnect();
  }
}

// Why a server closes a connection for good, by its code: "none" is no token where one is needed.
export function whyDenied(code, { token, was }) {
  if (code === 1 || code === 109) return "expired"; // 1 is the SDK's own, when there is no other token to be had
  if (code === 3503) return "ended";
  if (!token) return "none";
  return was ? "revoked" : "refused";
}

// WebSocket, and the same protocol over HTTP where that is blocked.
export function endpointsOf(server) {
  const socket = new URL("connection/websocket", server);
  socket.protocol = socket.protocol === "https:" ? "wss:" : "ws:";
  return [
    { transport: "websocket", endpoint: socket.href },
    { transport: "http_stream", endpoint: new URL("connection/http_stream", server).href },
  ];
}

// Connections by server and token, each there while somebody uses it.
export class Connections {
  constructor(create) {
    this.create = create;
    this.used = new Map();
  }

  // Calls `listener` with every new state, until it is released.
  take(server, token, listener) {
    const key = JSON.stringify([server, token ?? ""]);
    let one = this.used.get(key);
    if (!one) this.used.set(key, (one = this.create(server, token)));
    one.listeners.add(listener);
    return {
      connection: one,
      release: () => {
        one.listeners.delete(listener);
        if (one.listeners.size > 0 || this.used.get(key) !== one) return;
        this.used.delete(key);
        one.close();
      },
    };
  }
}
