// A button that asks what the viewer wants to be told of one value.

import { el } from "../parts/dom.js";
import { icon } from "../parts/icons.js";

// `what`: {topic, metric, device (of a metric: topic) or null, unit (or a function that says it), label}.
export function alertButton({ alerts, texts }, what) {
  const label = texts.alerts.set;
  const ask = () => alerts.ask({ ...what, unit: typeof what.unit === "function" ? what.unit() : what.unit });
  return el("button", { type: "button", class: "quiet", title: label, "aria-label": label, onclick: ask }, icon("bell"));
}
