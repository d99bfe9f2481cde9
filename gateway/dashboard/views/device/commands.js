// A form that sends the device a command, and what came of the last few.

import { HERE } from "../../live/connections.js";
import { call } from "../../live/caller.js";
import { el, write } from "../../parts/dom.js";
import { tellWhy } from "../../parts/server_words.js";
import { namesOf, remembered } from "./command_names.js";

const KEPT = "commands";
const MOST_SENT = 5;
const MARGIN_S = 5; // the server answers that nothing came; we wait a little longer

export class Commands {
  constructor(context, device) {
    Object.assign(this, { context, device });
    this.texts = context.texts.device_view.command;
    const { texts } = this;
    this.offered = el("datalist", { id: "command-names" });
    this.name = el("input", { name: "name", required: true, maxlength: "64", list: "command-names", autocomplete: "off" });
    this.args = el("textarea", { name: "args", rows: "2", spellcheck: "false", placeholder: '{"percent": 40}' });
    this.timeout = el("input", { name: "timeout", type: "number", min: "1", max: "60", step: "1", value: "10", required: true });
    this.wrong = el("p", { class: "wrong", role: "alert" });
    this.log = el("ol", { class: "sent", "aria-live": "polite" });
    const field = (label, control) => el("label", {}, el("span", {}, label), control);
    const fields = [field(texts.name, this.name), field(texts.args, this.args), field(texts.timeout, this.timeout)];
    const form = el("form", {}, ...fields, el("button", { type: "submit", class: "send" }, texts.send), this.offered);
    form.addEventListener("submit", (event) => this.submit(event));
    this.args.addEventListener("input", () => write(this.wrong, ""));
    const named = { class: "card commands", "aria-label": texts.title };
    this.element = el("section", named, el("h3", {}, texts.title), form, this.wrong, this.log);
    this.offer();
  }

  offer() {
    const names = namesOf(this.context.preferences.get(KEPT), this.device);
    this.offered.replaceChildren(...names.map((name) => el("option", { value: name })));
  }

  submit(event) {
    event.preventDefault();
    const [name, text, timeout] = [this.name.value.trim(), this.args.value.trim(), Number(this.timeout.value)];
    const args = text === "" ? {} : parsed(text);
    write(this.wrong, args === undefined ? this.texts.no_json : "");
    if (args === undefined) this.args.focus();
    else this.send(name, { device: this.device, name, timeout, ...(text === "" ? {} : { args }) }, text);
  }

  async send(name, command, text) {
    const { preferences, access, format } = this.context;
    preferences.set(KEPT, remembered(preferences.get(KEPT), this.device, name));
    this.offer();
    const outcome = el("span", { class: "outcome", "data-outcome": "waiting" }, this.texts.waiting);
    const what = el("code", {}, text ? `${name} ${text}` : name);
    const time = el("time", { class: "muted" }, format.time(Date.now(), { timeStyle: "medium" }));
    this.log.prepend(el("li", {}, time, what, outcome));
    while (this.log.children.length > MOST_SENT) this.log.lastElementChild.remove();
    const timeoutMs = (command.timeout + MARGIN_S) * 1000;
    const { kind, told, error } = await this.outcome(command.timeout, () => call(HERE, access.token, "command", command, timeoutMs));
    outcome.dataset.outcome = kind;
    if (error) tellWhy(outcome, this.texts.failed, error, this.context.texts);
    else write(outcome, told);
  }

  async outcome(timeoutS, ask) {
    try {
      const { answer } = await ask();
      const silent = answer === undefined || answer === null;
      return { kind: "done", told: silent ? this.texts.done : `${this.texts.done}: ${shown(answer)}` };
    } catch (error) {
      const { code, message } = error;
      if (code === 502) return { kind: "failed", told: this.texts.failed(message) };
      if (code === 103) return { kind: "failed", told: this.context.texts.reasons.denied };
      if (code === 1 || code === undefined) return { kind: "failed", told: this.texts.unanswered };
      if (message?.startsWith("not delivered")) return { kind: "undelivered", told: this.texts.undelivered(timeoutS) };
      if (message?.startsWith("delivered")) return { kind: "failed", told: this.texts.late(timeoutS) };
      return { kind: "failed", error };
    }
  }
}

// Undefined for what is no JSON.
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shown(answer) {
  return typeof answer === "string" ? answer : JSON.stringify(answer);
}
