// All alerts: what is watched and how it is now, and what went off.

import { wholeText } from "../../alerts/words.js";
import { openAlertDialog } from "../../alerts/dialog.js";
import { el, mark, write } from "../../parts/dom.js";
import { icon } from "../../parts/icons.js";

const MOST_TIMES = 3;
const SHOWN_MS = 1_000;

export class AlertsView {
  constructor(context, route) {
    this.context = context;
    this.route = route;
    this.told = () => this.update();
  }

  get title() {
    return this.context.texts.views.alerts;
  }

  open(place) {
    const words = this.context.texts.alerts;
    this.rows = new Map();
    this.pause = el("input", { type: "checkbox", onchange: () => this.context.alerts.pause(this.pause.checked) });
    this.notify = el("button", { type: "button", "aria-pressed": "false", onclick: () => this.toggle() });
    this.notified = el("span", { class: "muted" });
    this.unkept = el("p", { class: "note stale", hidden: true });
    this.list = el("ul", { class: "rules", "aria-label": words.rules });
    this.hint = el("p", { class: "muted" });
    this.log = el("ol", { class: "log", "aria-label": words.log });
    this.logHint = el("p", { class: "muted" }, words.log_none);
    this.forget = el("button", { type: "button", onclick: () => this.context.alerts.forget() }, words.forget);
    place.append(
      el("section", { class: "alerts" },
        el("h2", {}, this.title),
        el("div", { class: "bar" },
          el("label", { class: "check" }, this.pause, words.pause),
          el("span", { class: "space" }),
          this.notified,
          this.notify),
        this.hint,
        this.unkept,
        this.list,
        el("div", { class: "bar" }, el("h3", {}, words.log), el("span", { class: "space" }), this.forget),
        this.logHint,
        this.log),
    );
    this.context.alerts.listeners.add(this.told);
    this.timer = setInterval(this.told, SHOWN_MS);
    this.update();
  }

  changed(route) {
    this.route = route;
  }

  close() {
    clearInterval(this.timer);
    this.context.alerts.listeners.delete(this.told);
  }

  update() {
    const { alerts, texts } = this.context;
    const words = texts.alerts;
    this.pause.checked = alerts.paused;
    write(this.hint, alerts.rules.length === 0 ? words.none : alerts.paused ? words.paused : words.watched);
    write(this.unkept, alerts.lasting ? "" : words.unkept);
    this.unkept.hidden = alerts.lasting;
    this.showNotify(words);
    this.showRules();
    this.showLog();
  }

  showNotify(words) {
    const { state } = this.context.alerts.notifications;
    const possible = state === "on" || state === "off";
    this.notify.hidden = !possible;
    write(this.notify, words.notify);
    mark(this.notify, "aria-pressed", String(state === "on"));
    write(this.notified, possible ? "" : words.notifications[state]);
  }

  async toggle() {
    await this.context.alerts.notifications.toggle();
    this.update();
  }

  showRules() {
    const { rules } = this.context.alerts;
    for (const [id, row] of this.rows) {
      if (rules.some((rule) => row.suits(rule))) continue;
      row.shown.remove();
      this.rows.delete(id);
    }
    for (const [at, rule] of rules.entries()) {
      if (!this.rows.has(rule.id)) this.rows.set(rule.id, new Row(this.context, rule));
      const row = this.rows.get(rule.id);
      if (this.list.children[at] !== row.shown) this.list.insertBefore(row.shown, this.list.children[at] ?? null);
      row.rule = rule;
      row.update();
    }
  }

  showLog() {
    const { alerts, format } = this.context;
    const { entries } = alerts.log;
    this.logHint.hidden = entries.length > 0;
    this.forget.hidden = entries.every(({ to }) => to === null);
    const state = JSON.stringify(entries);
    if (state === this.logged) return;
    this.logged = state;
    const rows = entries.map((entry) => el(
      "li",
      { "data-open": entry.to === null },
      el("span", {}, el("strong", {}, entry.label), " ", wholeText(format, { ...entry, back: 0, forS: 0 })),
      el("span", { class: "muted" }, timeText(format, entry)),
    ));
    this.log.replaceChildren(...rows);
  }
}

class Row {
  constructor(context, rule) {
    this.context = context;
    this.rule = rule;
    const { alerts, format, notice, texts } = context;
    const words = texts.alerts;
    const text = `${rule.label}, ${wholeText(format, rule)}`;
    this.state = el("p", { class: "state" });
    this.times = el("p", { class: "times muted" });
    this.on = el("input", { type: "checkbox", "aria-label": words.on(text), onchange: () => alerts.save({ ...this.rule, on: this.on.checked }) });
    const remove = () => {
      alerts.remove(rule.id);
      notice.say(words.removed(rule.label), { label: texts.board.undo, act: () => alerts.save(this.rule), close: texts.board.close });
    };
    this.shown = el(
      "li",
      { class: "card rule" },
      el("div", { class: "what" }, el("strong", {}, rule.label), el("span", {}, wholeText(format, rule))),
      el("div", { class: "how" }, this.state, this.times),
      el("div", { class: "tools" },
        el("label", { class: "check" }, this.on, words.on_short),
        el("button", { type: "button", class: "quiet", title: words.edit_short, "aria-label": words.edit(text), onclick: () => openAlertDialog(context, this.rule) }, icon("edit")),
        el("button", { type: "button", class: "quiet", title: words.remove_short, "aria-label": words.remove(text), onclick: remove }, icon("trash"))),
    );
  }

  // Whether it is of this rule, switched on or off.
  suits(rule) {
    return JSON.stringify({ ...rule, on: true }) === JSON.stringify({ ...this.rule, on: true });
  }

  update() {
    const { alerts, format, texts } = this.context;
    const words = texts.alerts;
    const { state, since, reason } = alerts.stateOf(this.rule);
    this.on.checked = this.rule.on;
    mark(this.shown, "data-state", state);
    const parts = [words.states[state]];
    if (state === "unknown") parts.push(words.reasons[reason] ?? texts.reasons[reason] ?? reason);
    if (since !== null) parts.push(state === "unknown" ? words.was_on(when(format, since)) : words.since(when(format, since)));
    write(this.state, parts.join(" · "));
    const times = alerts.log.of(this.rule.id).slice(0, MOST_TIMES).map((entry) => timeText(format, entry));
    write(this.times, `${words.times}: ${times.length > 0 ? times.join("; ") : words.never}`);
  }
}

function timeText(format, { from, to }) {
  const { alerts } = format.texts;
  if (to === null) return alerts.from_on(when(format, from));
  const sameDay = new Date(from).toDateString() === new Date(to).toDateString();
  return alerts.from_to(when(format, from), sameDay ? format.time(to, { timeStyle: "medium" }) : when(format, to));
}

// The day only where it is another one than today.
function when(format, ms) {
  const today = new Date(ms).toDateString() === new Date().toDateString();
  return format.time(ms, today ? { timeStyle: "medium" } : { dateStyle: "short", timeStyle: "medium" });
}
