// Asks for a token where the server wants one, and says why. What was shown before stays, marked and out of reach.

import { el, mark } from "./dom.js";

export class Login {
  constructor(context, place, main) {
    this.context = context;
    this.place = place;
    this.main = main;
    this.why = null;
  }

  // `why` as the texts have it, or null when it is no longer wanted.
  show(why) {
    if (why === this.why) return;
    const { attention, texts } = this.context;
    this.why = why;
    this.write();
    attention.insist(why === null ? null : texts.shell.login.title);
    if (why !== null) this.field.focus();
  }

  write() {
    mark(this.main, "inert", this.why !== null);
    this.main.hidden = this.why !== null && !this.context.connection.was;
    this.place.hidden = this.why === null;
    if (this.why === null) {
      this.place.replaceChildren();
      return;
    }
    const { login } = this.context.texts.shell;
    const typed = this.field?.value ?? "";
    this.field = el("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true });
    this.field.value = typed;
    const form = el(
      "form",
      { class: "card stack", onsubmit: (event) => this.submit(event) },
      el("h2", {}, login.title),
      el("p", { class: "why", role: "alert" }, login.why[this.why]),
      el("div", { class: "field" }, el("label", { for: "token" }, login.token), this.field),
      el("p", { class: "muted small" }, `${login.hint} `, el("code", {}, "windsock token <name>")),
      el("div", { class: "row" }, ...this.wayOut(), el("button", { class: "primary end" }, login.sign_in)),
    );
    this.place.replaceChildren(el("div", { class: "panel" }, form));
  }

  // Where none is needed, an old token must not keep the viewer out.
  wayOut() {
    const { access, texts } = this.context;
    if (!access.token) return [];
    return [el("button", { type: "button", onclick: () => access.signIn("") }, texts.shell.login.without)];
  }

  submit(event) {
    event.preventDefault();
    const token = this.field.value.trim();
    if (token) this.context.access.signIn(token);
  }
}
