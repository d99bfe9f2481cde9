// One connection to a server, for everything on a page: topics, and whether it is live.
//
// `state` is connecting, live, stale (the server hears nothing from its own), resuming, offline, denied or origin (the
// server does not take sockets of this page). The SDK connects and resumes by itself; what it cannot see is asked: every
// few seconds the server says whether it is live, and one that does not answer has been lost.

import { Feed } from "./feed.js";

const ASK_MS = 5_000;
const SLEPT_MS = 15_000;
const TIMEOUT = 1; // the SDK's code
// Closed for good, says the SDK; but whoever closed it may think better of it.
const AGAIN_MS = 30_000;
const REFUSED = [1, 101, 103, 109, 3500, 3501, 3503, 3507]; // for who we are

export class Connection {
  // `createClient(endpoints, options)` makes a client of the SDK; `page` is where its events come from, `get` fetches.
  constructor({ server, token, createClient, page = globalThis, get = (url) => fetch(url), clock = Date.now }) {
    this.page = page;
    this.get = get;
    this.clock = clock;
    this.origin = new URL("embed/origin", server);
    this.feeds = new Map();
    this.listeners = new Set();
    this.state = "connecting";
    this.was = false; // connected before
    this.client = createClient(endpointsOf(server), {
      emulationEndpoint: new URL("emulation", server).href,
      ...(token ? { token } : {}),
    });
    this.client.on("connected", () => this.connected());
    this.client.on("connecting", () => this.lost());
    this.client.on("disconnected", ({ code }) => this.ended(code));
    this.client.on("error", () => this.askWhy());
    this.heard = clock();
    this.timer = setInterval(() => this.ask(), ASK_MS);
    this.waken = () => this.ask();
    this.renamed = () => this.client.state === "connecting" && this.lost();
    for (const event of ["online", "pageshow", "visibilitychange", "focus"]) page.addEventListener?.(event, this.waken, true);
    for (const event of ["online", "offline"]) page.addEventListener?.(event, this.renamed);
    this.client.connect();
  }

  // The feed of a topic; it is there while somebody listens.
  feed(topic) {
    if (!this.feeds.has(topic)) this.feeds.set(topic, new Feed(this.client, topic, () => this.feeds.delete(topic)));
    return this.feeds.get(topic);
  }

  connected() {
    clearTimeout(this.again);
    [this.was, this.heard] = [true, this.clock()];
    this.become("live");
    this.ask();
  }

  lost() {
    // It is tried again in vain until it is connected.
    if (this.state === "origin" || this.state === "denied") return;
    this.become(this.page.navigator?.onLine === false ? "offline" : this.was ? "resuming" : "connecting");
  }

  ended(code) {
    if (this.restarting || this.closed) return;
    this.become(REFUSED.includes(code) ? "denied" : "offline");
    this.again = setTimeout(() => this.client.connect(), AGAIN_MS * (0.5 + Math.random()));
  }

  // Whether the server is live. One call at a time; after a sleep, whatever was asked before is forgotten.
  async ask() {
    const slept = this.clock() - this.heard > SLEPT_MS;
    if (this.client.state !== "connected" || (this.asking && !slept)) return;
    const mine = (this.asking = Symbol("asked"));
    try {
      const { data } = await this.client.rpc("status", null);
      if (this.asking !== mine) return;
      this.heard = this.clock();
      if (this.client.state === "connected") this.become(data.status === "live" ? "live" : "stale");
    } catch ({ code }) {
      if (this.asking === mine && code === TIMEOUT) this.restart();
    } finally {
      if (this.asking === mine) this.asking = null;
    }
  }

  // A closing handshake with a server that is gone would only take longer; the subscriptions resume by position.
  restart() {
    this.restarting = true;
    this.client.disconnect();
    this.restarting = false;
    this.client.connect();
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
    this.state = state;
    for (const listener of [...this.listeners]) listener(state);
  }

  close() {
    this.closed = true;
    clearTimeout(this.again);
    clearInterval(this.timer);
    for (const event of ["online", "pageshow", "visibilitychange", "focus"]) {
      this.page.removeEventListener?.(event, this.waken, true);
    }
    for (const event of ["online", "offline"]) this.page.removeEventListener?.(event, this.renamed);
    this.client.disconnect();
  }
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
