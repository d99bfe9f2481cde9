// The device's name, tags, state and age.

import { shownState } from "../../live/state.js";
import { el, mark, write } from "../../parts/dom.js";

export class Head {
  constructor(context, device) {
    this.context = context;
    this.tags = el("ul", { class: "tags", "aria-label": context.texts.device_view.tags });
    this.state = el("span", { class: "state", role: "status" });
    this.age = el("span", { class: "muted" });
    this.fresh = el("p", { class: "fresh" }, this.state, this.age);
    this.element = el("div", { class: "device-head" }, el("h2", {}, device), this.fresh, this.tags);
  }

  show(model, problem, subscribed) {
    const { format, texts, connection } = this.context;
    const now = Date.now();
    const has = model.ts !== null;
    const { state, reason } = shownState({
      connection: connection.state, problem, subscribed, has, silent: has && model.freshness.silent(now),
    });
    mark(this.fresh, "data-state", state);
    write(this.state, reason ? (texts.reasons[reason] ?? reason) : texts.states.live);
    write(this.age, has ? format.age(model.freshness.ageMs(now)) : "");
    const shown = Object.entries(model.tags).map(([name, value]) => `${name}: ${value}`);
    if (shown.join("\n") === this.shown) return;
    this.shown = shown.join("\n");
    this.tags.replaceChildren(...shown.map((text) => el("li", {}, text)));
  }
}
