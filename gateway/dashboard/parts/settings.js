// The menu for language, theme, and who is signed in.

import { el } from "./dom.js";
import { THEMES } from "./theme.js";
import { languages } from "../live/texts.js";

const LANGUAGES = ["browser", ...languages];

export class Settings {
  constructor(context, place) {
    this.context = context;
    this.place = place;
  }

  write() {
    const { texts, access, preferences } = this.context;
    const { shell } = texts;
    const focused = this.place.contains(document.activeElement) ? document.activeElement.id : null;
    const parts = [
      this.choice("theme", shell.theme, THEMES, shell.themes, preferences.get("theme") ?? THEMES[0]),
      this.choice("language", shell.language, LANGUAGES, shell.languages, preferences.get("language") ?? LANGUAGES[0]),
    ];
    if (access.token) {
      const name = access.user === null ? null : el("span", {}, shell.user(access.user));
      const out = el("button", { type: "button", class: "end", onclick: () => access.signIn("") }, shell.sign_out);
      parts.push(el("div", { class: "row" }, name, out));
    }
    this.place.replaceChildren(el("div", { class: "stack" }, ...parts));
    if (focused) document.getElementById(focused)?.focus();
  }

  // The first of `values` is what counts as long as nothing was chosen.
  choice(name, legend, values, labels, chosen) {
    const choose = (value) => this.context.preferences.set(name, value === values[0] ? null : value);
    const options = values.map((value) => {
      const id = `${name}-${value}`;
      const radio = el("input", { type: "radio", name, id, value, checked: value === chosen, onchange: () => choose(value) });
      return el("label", {}, radio, labels[value]);
    });
    return el("fieldset", {}, el("legend", {}, legend), el("div", { class: "choice" }, ...options));
  }
}
