// One value or chart of a board, with what can be done to it.

import { alertButton } from "../../alerts/alert_button.js";
import { identity } from "../../boards/board.js";
import { labelOf } from "../../boards/words.js";
import { el, mark, write } from "../../parts/dom.js";
import { icon } from "../../parts/icons.js";

export class Card {
  // `doing`: {grab(card, event), key(card, event), edit(card)}.
  constructor(context, item, doing) {
    this.context = context;
    this.doing = doing;
    this.element = document.createElement(`windsock-${item.kind}`);
    this.alarm = el("p", { class: "alarm", hidden: true });
    this.tools = el("div", { class: "tools" });
    this.shown = el("li", { class: "card item" }, this.alarm, this.element, this.tools);
    this.show(item, null);
  }

  // Whether it can show `item` without beginning anew.
  suits(item) {
    return identity(item) === identity(this.item);
  }

  show(item, editable) {
    const { context } = this;
    this.item = item;
    this.label = labelOf(item);
    mark(this.shown, "data-columns", item.columns);
    mark(this.shown, "data-rows", item.rows);
    mark(this.shown, "data-kind", item.kind);
    const attributes = {
      topic: item.topic,
      metric: item.metric,
      device: item.device,
      window: item.window,
      label: this.label,
      token: context.access.token,
      lang: context.format.locale,
    };
    for (const [name, value] of Object.entries(attributes)) mark(this.element, name, value);
    if (editable !== null) this.showTools(editable);
    this.showAlarm();
  }

  showTools(editable) {
    const state = JSON.stringify([editable, this.label]);
    if (state === this.state) return;
    this.state = state;
    const { context, item } = this;
    const words = context.texts.board;
    this.handle = this.button(words.move(this.label), "grip", "handle");
    this.handle.title = words.move_how;
    this.handle.addEventListener("pointerdown", (event) => this.doing.grab(this, event));
    this.handle.addEventListener("keydown", (event) => this.doing.key(this, event));
    const edit = this.button(words.edit(this.label), "edit", "edit");
    edit.addEventListener("click", () => this.doing.edit(this));
    const what = { topic: item.topic, metric: item.metric ?? "inside", device: item.device, label: this.label };
    const bell = alertButton(context, { ...what, unit: () => this.element.unit });
    this.tools.replaceChildren(...(editable ? [this.handle, bell, edit] : [bell]));
  }

  showAlarm() {
    const { item } = this;
    const topic = item.device === null ? item.topic : `device:${item.device}`;
    const found = this.context.alerts.of(topic, item.metric ?? "inside");
    this.alarm.hidden = found === null;
    mark(this.shown, "data-alert", found ? (found.state ?? "on") : null);
    if (!found) return;
    if (!this.alarm.firstChild) this.alarm.append(icon("bell"), el("span"));
    write(this.alarm.lastChild, found.text);
  }

  button(name, drawing, kind) {
    return el("button", { type: "button", class: `quiet ${kind}`, title: name, "aria-label": name }, icon(drawing));
  }
}
