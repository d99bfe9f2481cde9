// A WebSocket that reconnects with backoff and resumes by position.

const LONGEST_PAUSE_MS = 20_000;

export class ResumingSocket {
  // on: {open(), message(object), close()}; with resume, every message's position is kept for the next connection.
  constructor(path, { resume = false, ...on }) {
    this.path = path;
    this.resume = resume;
    this.on = on;
    this.position = "";
    this.pauseMs = 500;
    this.connect();
  }

  connect() {
    const url = new URL(this.path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (this.resume) url.searchParams.set("since", this.position);
    this.socket = new WebSocket(url);
    this.socket.onopen = () => {
      this.pauseMs = 500;
      this.on.open?.(this);
    };
    this.socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.position) this.position = message.position;
      this.on.message(message);
    };
    this.socket.onclose = () => {
      this.on.close?.();
      setTimeout(() => this.connect(), this.pauseMs * (0.5 + Math.random() / 2));
      this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    };
  }

  send(object) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(object));
  }
}
