// What the viewer must know of what is shown: nothing there, not permitted, not all of it; and whose weather it is.

import { el, write } from "../../parts/dom.js";

export class Notes {
  constructor(context) {
    this.context = context;
    this.lines = new Map();
    this.credit = el("span", { class: "muted credit" }); // beside the choice of the place
    this.element = el("div", { class: "notes", role: "status" });
  }

  // `view`: {model, problem, subscribed, outside, axis, detail, device, beyond}.
  show({ model, problem, subscribed, outside, axis, detail, device, beyond }) {
    const { texts, format } = this.context;
    const words = texts.device_view;
    this.line("problem", problem === "denied" ? words.denied(device) : problem ? (texts.reasons[problem] ?? problem) : "");
    this.line("unknown", !problem && subscribed && !model.known ? words.unknown(device) : "");
    this.line("truncated", model.completeFromMs !== null ? words.truncated(format.time(model.completeFromMs)) : "");
    this.line("ahead", model.ahead ? words.ahead(format.time(model.ts), beyond) : "");
    this.line("crowded", model.crowded ? words.crowded : "");
    this.line("another_unit", model.anew.size > 0 ? words.another_unit([...model.anew].join(", ")) : "");
    this.line("left_out", model.leftOut.size > 0 ? words.left_out(model.leftOut.size) : "");
    const exact = axis.zoomed && detail.holds(axis.view);
    this.line("thinned", model.thinned && !exact ? words.thinned : "");
    const reason = outside?.problem ? (texts.reasons[outside.problem] ?? outside.problem) : null;
    this.line("outside", reason ? words.outside.problem(outside.place, reason) : "");
    this.showCredit(outside?.tags ?? {});
  }

  line(key, text) {
    let line = this.lines.get(key);
    if (!line && text) this.lines.set(key, (line = this.element.appendChild(el("p", { "data-note": key }))));
    if (!line) return;
    line.hidden = text === "";
    write(line, text);
  }

  // Licences demand it.
  showCredit({ attribution = "", attribution_url: address = "" }) {
    if (this.credit.dataset.shown === attribution + address) return;
    this.credit.dataset.shown = attribution + address;
    const web = /^https?:\/\//.test(address);
    const link = { href: address, rel: "noopener", target: "_blank" };
    this.credit.replaceChildren(attribution && web ? el("a", link, attribution) : attribution);
  }
}
