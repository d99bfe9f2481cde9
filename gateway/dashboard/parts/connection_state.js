// Tells the state of the connection: in the header, in the banner while it is gone and when it is back, and in the tab.

import { backLine, lostLine } from "../live/outage_lines.js";
import { mark, write } from "./dom.js";

const TICK_MS = 1_000;
const BACK_SHOWN_MS = 12_000;
const KEY = "connection";

export class ConnectionState {
  constructor(context, pill) {
    this.context = context;
    this.pill = pill;
    this.back = null; // what came back lately: {line, result, until}
    context.connection.recoveries.add((result) => this.recovered(result));
    setInterval(() => this.show(), TICK_MS);
    this.show();
  }

  recovered(result) {
    const line = backLine(result);
    this.back = line && { line, result, until: Date.now() + BACK_SHOWN_MS };
    this.show();
  }

  show() {
    const { connection, texts, attention } = this.context;
    const { state } = connection;
    mark(this.pill, "data-state", state);
    mark(document.documentElement, "data-connection", state);
    write(this.pill.firstElementChild, texts.states[state]);
    attention.connected(state === "live");
    this.showBanner();
  }

  showBanner() {
    const { connection, texts, format, banner } = this.context;
    const now = Date.now();
    const sinceMs = connection.since === null ? 0 : now - connection.since;
    const lost = lostLine({ state: connection.state, was: connection.was, sinceMs });
    if (lost) {
      this.back = null;
      const text = texts.shell.lost[lost.key](timeOf(format, connection.since, sinceMs));
      banner.set(KEY, text, lost.level, { aside: connection.was ? format.age(sinceMs) : "" });
      return;
    }
    if (this.back && now >= this.back.until) this.back = null;
    if (!this.back || connection.state !== "live") {
      banner.set(KEY, null);
      return;
    }
    const { line, result } = this.back;
    const said = texts.shell.back[line.key];
    const { recovered } = result;
    banner.set(KEY, typeof said === "function" ? said(format.count(recovered)) : said, line.level);
  }
}

function timeOf(format, ms, agoMs) {
  return format.time(ms, agoMs > 12 * 3_600_000 ? undefined : { timeStyle: "medium" });
}
