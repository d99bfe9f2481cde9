// What the viewer wants to be told of, and whether it is so now: watched for as long as the page is open, whatever it shows.

import { sourceOf } from "../live/source.js";
import { href } from "../parts/router.js";
import { openAlertDialog } from "./dialog.js";
import { Evaluation } from "./evaluation.js";
import { Log } from "./log.js";
import { Notifications } from "./notifications.js";
import { MOST_RULES, RuleError, placeOf, ruleOf, rulesOf } from "./rule.js";
import { Watcher } from "./watcher.js";
import { ruleText, sentence } from "./words.js";

const TICK_MS = 1_000;
const SLEPT_MS = 15_000;

export class Alerts {
  constructor(context) {
    this.context = context;
    this.listeners = new Set(); // called with (topic, metric) of what changed
    this.watched = new Map(); // by source: {watcher, feed}
    this.evaluations = new Map(); // by id of the rule
    this.fresh = new Map(); // entries of the log that the viewer has not been told of yet
    this.lasting = true; // whether the browser has kept the last change
    this.notifications = new Notifications(context.preferences);
    const { preferences, connection } = context;
    this.read();
    preferences.listen("alerts", () => this.keeping || this.begin());
    preferences.listen("alert-log", () => this.keeping || this.read());
    connection.listeners.add(() => this.tick());
    this.tickedAt = Date.now();
    setInterval(() => this.tick(), TICK_MS);
    this.begin();
  }

  // ---- what others ask ------------------------------------------------------

  // Null, or what is wrong with a value: {text, state}; `state` is "on", or "unknown" where it was so when last heard.
  of(topic, metric) {
    if (this.places.size === 0) return null;
    const raised = (this.places.get(placeOf({ topic, metric })) ?? []).filter((rule) => this.raisedAt(rule) !== null);
    if (raised.length === 0) return null;
    const { texts } = this.context;
    const unknown = raised.every((rule) => this.stateOf(rule).state === "unknown");
    const text = raised.map((rule) => ruleText(this.context.format, rule)).join(", ");
    return unknown ? { text: texts.alerts.when_last_heard(text), state: "unknown" } : { text, state: "on" };
  }

  // Ask the viewer for the rules of a value.
  ask(what) {
    openAlertDialog(this.context, what);
  }

  // ---- rules ----------------------------------------------------------------

  get rules() {
    return this.kept.rules;
  }

  get paused() {
    return this.kept.paused;
  }

  get active() {
    return this.paused ? [] : this.rules.filter(({ on }) => on);
  }

  rulesAt(what) {
    return this.rules.filter((rule) => placeOf(rule) === placeOf(what));
  }

  // A new rule, or another version of one with its id. Throws RuleError.
  save(given) {
    const id = given.id ?? crypto.getRandomValues(new Uint32Array(2)).join("-");
    const rule = ruleOf({ ...given, id });
    const at = this.rules.findIndex((each) => each.id === id);
    if (at < 0 && this.rules.length >= MOST_RULES) throw new RuleError("many");
    this.keep({ rules: at < 0 ? [...this.rules, rule] : this.rules.with(at, rule) });
  }

  remove(id) {
    this.keep({ rules: this.rules.filter((rule) => rule.id !== id) });
  }

  pause(paused) {
    this.keep({ paused });
  }

  keep(changes) {
    this.keeping = true;
    const { notice, preferences, texts } = this.context;
    const before = this.lasting;
    this.lasting = preferences.set("alerts", { ...this.kept, ...changes });
    this.keeping = false;
    if (before && !this.lasting) notice.say(texts.alerts.unkept, { close: texts.board.close });
    this.begin();
  }

  // {state, since, reason} of a rule: "off", or what its evaluation says.
  stateOf(rule) {
    const evaluation = this.evaluations.get(rule.id);
    if (!evaluation) return { state: "off", since: null, reason: null };
    const since = { on: evaluation.raisedAt, waiting: evaluation.beyondAt }[evaluation.state] ?? evaluation.raisedAt;
    return { state: evaluation.state, since, reason: evaluation.unknown };
  }

  raisedAt(rule) {
    return this.evaluations.get(rule.id)?.raisedAt ?? null;
  }

  // ---- watching -------------------------------------------------------------

  // Rules that are as they were go on; of those that are no more nothing is wrong.
  begin() {
    const kept = this.context.preferences.get("alerts");
    this.kept = { rules: rulesOf(kept?.rules), paused: kept?.paused === true };
    const before = this.evaluations;
    this.evaluations = new Map();
    this.places = Map.groupBy(this.active, placeOf);
    for (const rule of this.active) {
      const known = before.get(rule.id);
      const goesOn = known && JSON.stringify(known.rule) === JSON.stringify(rule);
      if (known && !goesOn) this.log.ended(rule.id, Date.now());
      this.evaluations.set(rule.id, goesOn ? known : new Evaluation(rule, this.log.raisedAt(rule.id)));
    }
    for (const { id } of [...before.values()].map(({ rule }) => rule)) {
      if (!this.evaluations.has(id)) this.log.ended(id, Date.now());
    }
    this.watch(Map.groupBy(this.active, ({ topic, metric, device }) => JSON.stringify([topic, metric, device])));
    this.write();
    this.tick();
    const places = new Set([...before.values(), ...this.evaluations.values()].map(({ rule }) => placeOf(rule)));
    for (const place of places) this.tell(...JSON.parse(place));
    if (places.size === 0) this.tell(null, null);
  }

  watch(groups) {
    for (const [key, { watcher, feed, rules }] of [...this.watched]) {
      if (JSON.stringify(groups.get(key)) === rules) continue;
      feed.leave(watcher);
      this.watched.delete(key);
    }
    for (const [key, rules] of groups) {
      if (this.watched.has(key)) continue;
      const { topic, metric, device } = rules[0];
      const evaluations = rules.map(({ id }) => this.evaluations.get(id));
      const watcher = new Watcher(sourceOf(topic, metric, device), evaluations, (...what) => this.happened(...what));
      const feed = this.context.connection.feed(topic);
      this.watched.set(key, { watcher, feed, rules: JSON.stringify(rules) });
      feed.join(watcher);
    }
  }

  // After a sleep the server is asked before anything is believed: a page that slept does not know that it is not connected.
  tick() {
    const now = Date.now();
    if (now - this.tickedAt > SLEPT_MS) this.confirm();
    this.tickedAt = now;
    for (const { watcher } of this.watched.values()) watcher.tick(this.context.connection.state, !this.confirming);
    this.flush();
  }

  async confirm() {
    if (this.confirming) return;
    this.confirming = true;
    try {
      await this.context.connection.client.rpc("status", null);
    } catch {
      // The connection finds out, and says so.
    } finally {
      this.confirming = false;
      this.tick();
    }
  }

  happened(evaluation, events) {
    const { rule } = evaluation;
    let changed = evaluation.state !== evaluation.told;
    evaluation.told = evaluation.state;
    for (const { raised, at } of events) {
      changed = true;
      if (!raised) this.log.ended(rule.id, at);
      else if (this.log.raised(rule, at)) this.fresh.set(rule.id, rule);
    }
    if (events.length > 0) this.write();
    if (changed) this.tell(...JSON.parse(placeOf(rule)));
  }

  tell(topic, metric) {
    for (const listener of [...this.listeners]) listener(topic, metric);
  }

  // The viewer is told of what has gone off and is not over yet.
  flush() {
    const { attention, notice, router, texts, format } = this.context;
    attention?.set(this.active.filter((rule) => this.raisedAt(rule) !== null).length);
    const now = [...this.fresh.values()].filter((rule) => this.evaluations.has(rule.id) && this.raisedAt(rule) !== null);
    this.fresh.clear();
    if (now.length === 0) return;
    const show = () => router.go(href("alerts"));
    const text = now.map((rule) => sentence(format, rule)).join("; ");
    notice.say(text, { label: texts.alerts.show, act: show, close: texts.board.close });
    for (const rule of now) this.notifications.show(rule, ruleText(format, rule), show);
  }

  // ---- what went off --------------------------------------------------------

  read() {
    this.log = new Log(this.context.preferences.get("alert-log"));
  }

  write() {
    this.keeping = true;
    this.context.preferences.set("alert-log", this.log.entries);
    this.keeping = false;
  }

  forget() {
    this.log.entries = this.log.entries.filter(({ to }) => to === null);
    this.write();
    this.tell(null, null);
  }
}
