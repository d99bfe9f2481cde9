// A button that pins what it stands beside to the viewer's board.

import { el } from "../parts/dom.js";
import { icon } from "../parts/icons.js";

// `item`: {kind: "value" or "chart", topic, metric, device (of a metric: topic) or null, window (of a chart, such as "1h")}.
export function pinButton({ boards, texts }, item) {
  const label = texts.board.pin;
  return el("button", { type: "button", class: "quiet", title: label, "aria-label": label, onclick: () => boards.pin(item) }, icon("pin"));
}
