// What both elements are: attributes, a place on the shared connection, freshness, and a state that is always told.

import { HERE, connections } from "../live/connections.js";
import { Format, metricText, unitText } from "../live/format.js";
import { Freshness, duration } from "../live/freshness.js";
import { latestOf, pointsOf, readingOf, sourceOf } from "../live/source.js";
import { shownState } from "../live/state.js";
import { sheet } from "./style.js";

const TICK_MS = 1_000;
const WEATHER_UNKNOWN_MS = 45 * 60_000;

const shown = new Set();
setInterval(() => shown.forEach((each) => each.tick()), TICK_MS);

export class WindsockElement extends HTMLElement {
  static observedAttributes = [
    "topic", "metric", "device", "server", "token", "label", "unit", "decimals", "stale-after", "window", "lang",
  ];

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    this.build(this.shadowRoot);
  }

  connectedCallback() {
    this.restart();
  }

  disconnectedCallback() {
    this.stop();
  }

  // Moved by moveBefore(): it goes on as it was.
  connectedMoveCallback() {}

  attributeChangedCallback(_name, before, now) {
    if (this.isConnected && before !== now) this.restart();
  }

  // Once for all attributes that change together.
  restart() {
    if (this.restarting) return;
    this.restarting = true;
    queueMicrotask(() => {
      this.restarting = false;
      if (!this.isConnected) return;
      this.stop();
      this.start();
    });
  }

  start() {
    this.format = new Format(this.getAttribute("lang") || undefined, this.decimals);
    this.newest = this.source = this.comparison = this.deviceUnit = null;
    [this.subscribed, this.problem] = [false, null];
    this.skewMs = 0; // how far the server's clock is ahead of the viewer's
    shown.add(this);
    try {
      this.source = sourceOf(this.getAttribute("topic"), this.getAttribute("metric"), this.getAttribute("device"));
      this.windowMs = this.wantedWindow();
      this.freshness = this.newFreshness();
      this.taken = connections.take(this.server, this.getAttribute("token"), () => this.update());
    } catch (error) {
      if (!error.code) throw error;
      this.problem = error.code;
      this.update();
      return;
    }
    this.connection = this.taken.connection;
    this.feed = this.connection.feed(this.source.topic);
    this.feed.join(this);
    this.update();
  }

  stop() {
    shown.delete(this);
    this.feed?.leave(this);
    const taken = this.taken;
    // Whoever takes the same connection at once, as an element that is moved does, keeps it.
    if (taken) queueMicrotask(() => queueMicrotask(taken.release));
    this.feed = this.taken = this.connection = null;
  }

  get decimals() {
    const given = this.getAttribute("decimals");
    return /^(?:[0-9]|1[0-9]|20)$/.test(given ?? "") ? Number(given) : null;
  }

  get server() {
    const given = this.getAttribute("server");
    if (!given) return HERE;
    const url = URL.canParse(given, HERE) ? new URL(given, HERE) : null;
    if (!url || !url.protocol.startsWith("http")) throw Object.assign(new Error(given), { code: "server_address" });
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    [url.search, url.hash] = ["", ""];
    return url.href;
  }

  get label() {
    return this.getAttribute("label") ?? metricText((this.source?.compared ?? this.source)?.metric ?? "");
  }

  get unit() {
    return this.getAttribute("unit") ?? unitText(this.newest?.unit ?? this.deviceUnit);
  }

  newFreshness() {
    const weather = this.source.topic.startsWith("weather:") || this.source.metric === "outside";
    const unknown = weather ? { unknownMs: WEATHER_UNKNOWN_MS } : {};
    return new Freshness({ silentMs: duration(this.getAttribute("stale-after")), ...unknown });
  }

  // ---- what the feed brings -------------------------------------------------

  snapshot(data) {
    this.subscribed = true;
    const now = Date.now();
    this.skewMs = (data?.window?.to ?? now) - now;
    // A comparison begins anew; what comes first may be old.
    if (this.source.compared) this.freshness = this.newFreshness();
    const { points, unit } = pointsOf(this.source, data?.window);
    this.freshness.clock.skewMs = -this.skewMs;
    this.freshness.learn(points, points.length >= this.points);
    const latest = latestOf(this.source, data?.latest);
    if (latest) {
      this.newest = { ...latest, unit: latest.unit ?? unit };
      this.freshness.snapshot(latest, data.window.to, now);
      this.learnUnit();
    }
    this.load(points);
    this.update();
  }

  publication(data) {
    if (this.source.compared) this.comparison = data;
    const reading = readingOf(this.source, data);
    if (!reading) return this.update();
    if (reading.ageMs === undefined) this.freshness.reading(reading.ts, Date.now());
    else this.freshness.told(reading.ts, reading.ageMs, Date.now());
    // A late reading does not turn the clock back.
    const first = !this.newest;
    const newest = first || reading.ts >= this.newest.ts;
    this.add(reading, this.newest?.unit, newest);
    if (newest) this.newest = { ...reading, unit: reading.unit ?? this.newest?.unit };
    if (first) this.learnUnit();
    this.update();
  }

  // Of a metric's topic what is told without a unit has that of the device's own state.
  async learnUnit() {
    const { source, connection } = this;
    if (source.device === null || this.newest?.unit || this.hasAttribute("unit")) return;
    try {
      const { data } = await connection.client.rpc("latest", { device: source.device });
      if (this.source !== source) return;
      this.deviceUnit = latestOf({ metric: source.metric, device: null }, data)?.unit;
      this.update();
    } catch {
      // Who may not see the device sees its value without.
    }
  }

  trouble(code) {
    this.problem = code;
    this.update();
  }

  // ---- what is shown --------------------------------------------------------

  tick() {
    this.update();
  }

  update() {
    if (this.updating) return;
    this.updating = true;
    // Not at each of many readings, nor only when the page is painted, which a hidden one is not.
    queueMicrotask(() => {
      this.updating = false;
      if (this.isConnected) this.show();
    });
  }

  show() {
    const now = Date.now();
    const ageMs = this.newest ? this.freshness.ageMs(now) : null;
    const { state, reason } = shownState({
      connection: this.connection?.state ?? "offline",
      problem: this.problem,
      subscribed: this.subscribed,
      has: this.newest !== null,
      silent: this.newest !== null && this.freshness.silent(now),
      outdated: this.newest?.outdated,
    });
    this.mark("state", state);
    this.mark("reason", reason);
    this.mark("age", ageMs === null ? null : String(Math.round(ageMs / 1000)));
    this.draw({ state, reason: reason ? (this.format.texts.reasons[reason] ?? reason) : "", ageMs, now });
  }

  mark(name, value) {
    if (value === null) this.removeAttribute(name);
    else if (this.getAttribute(name) !== value) this.setAttribute(name, value);
  }
}

// An element of the shadow tree: part("span", "value").
export function part(tag, name, text = "") {
  const made = document.createElement(tag);
  made.setAttribute("part", name);
  made.textContent = text;
  return made;
}
