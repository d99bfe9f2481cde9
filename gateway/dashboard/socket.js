// A WebSocket that reconnects with backoff, resumes by position, and takes silence for a lost connection.

import { protocols } from "/static/access.js";

const LONGEST_PAUSE_MS = 20_000;
// The server says every five seconds (WINDSOCK_STATUS_S) whether it is live.
const SILENCE_MS = 15_000;

export class ResumingSocket {
  // on: {open(socket), message(object), status(live), close()}; with resume, positions are kept for the next connection.
  constructor(path, { resume = false, ...on }) {
    this.path = path;
    this.resume = resume;
    this.on = on;
    this.position = "";
    this.pauseMs = 500;
    this.connect();
    setInterval(() => this.checkSilence(), 1_000);
    addEventListener("offline", () => this.giveUp());
  }

  connect() {
    const url = new URL(this.path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("status", "1");
    if (this.resume) url.searchParams.set("since", this.position);
    this.heard = Date.now();
    this.socket = new WebSocket(url, protocols);
    this.socket.onopen = () => {
      this.pauseMs = 500;
      this.on.open?.(this);
    };
    this.socket.onmessage = (event) => {
      this.heard = Date.now();
      const message = JSON.parse(event.data);
      if (message.position) this.position = message.position;
      if (message.status) this.on.status?.(message.status === "live");
      else this.on.message(message);
    };
    this.socket.onclose = () => this.closed();
  }

  closed() {
    this.on.close?.();
    setTimeout(() => this.connect(), this.pauseMs * (0.5 + Math.random() / 2));
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    this.heard = Infinity;
  }

  checkSilence() {
    if (Date.now() - this.heard >= SILENCE_MS) this.giveUp();
  }

  giveUp() {
    if (this.heard === Infinity) return;
    // A closing handshake with a server that is gone would only take longer.
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.closed();
  }

  send(object) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(object));
  }
}
