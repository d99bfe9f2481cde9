// A button that asks what the viewer wants to be told of one value.

import { el } from "../parts/dom.js";
import { icon } from "../parts/icons.js";

// `what`: {topic, metric, device (of a metric: topic) or null, unit, label}.
export function alertButton({ alerts, texts }, what) {
  const label = texts.alerts.set;
  return el("button", { type: "button", class: "quiet", title: label, "aria-label": label, onclick: () => alerts.ask(what) }, icon("bell"));
}
