// A panel beside a button: what can be done with one thing. A click elsewhere or Escape closes it.

import { alertButton } from "../alerts/alert_button.js";
import { pinButton } from "../boards/pin_button.js";
import { el, mark } from "./dom.js";

const EDGE = 8; // pixels to the window's edge
const BELOW = 4; // pixels to the button

export class Menu {
  constructor(looks) {
    this.node = el("div", { class: `card menu ${looks}`, popover: true });
    this.node.addEventListener("toggle", ({ newState }) => mark(this.button, "aria-expanded", String(newState === "open")));
  }

  get shown() {
    return this.node.matches(":popover-open");
  }

  // Once more at the same button closes it.
  open(button, ...content) {
    if (this.shown && this.button === button) return this.close();
    if (this.button) mark(this.button, "aria-expanded", "false");
    this.button = button;
    this.node.replaceChildren(...content);
    this.node.showPopover({ source: button });
    const [at, mine] = [button.getBoundingClientRect(), this.node.getBoundingClientRect()];
    this.node.style.left = `${Math.max(EDGE, Math.min(at.right - mine.width, innerWidth - mine.width - EDGE))}px`;
    this.node.style.top = `${Math.max(EDGE, Math.min(at.bottom + BELOW, innerHeight - mine.height - EDGE))}px`;
    this.node.querySelector("input:checked, input, button")?.focus();
  }

  close() {
    if (this.shown) this.node.hidePopover();
  }
}

// What stands in a menu for one value: `words` are what it is called, `what` is as alertButton wants it.
export function valueRow(context, words, what) {
  const { topic, metric, device } = what;
  return el("div", { class: "menu-row" }, words, pinButton(context, { kind: "value", topic, metric, device }), alertButton(context, what));
}
