// A button that pins what it stands beside to the viewer's board.

import { el } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { tell } from "./words.js";

// `item`: {kind: "value" or "chart", topic, metric, device (of a metric: topic) or null, window (of a chart, such as "1h")},
// or a function that says it when it is pinned.
export function pinButton(context, item) {
  const label = context.texts.board.pin;
  const attributes = { type: "button", class: "quiet", title: label, "aria-label": label, onclick: () => pin(context, typeof item === "function" ? item() : item) };
  return el("button", attributes, icon("pin"));
}

function pin({ boards, notice, texts }, item) {
  const { undo, close, pinned, pinned_unkept } = texts.board;
  try {
    const name = tell(texts, () => boards.pin(item));
    const change = boards.last;
    notice.say(boards.kept ? pinned(name) : pinned_unkept(name), { label: undo, act: () => boards.undo(change), close });
  } catch (error) {
    if (!error.told) throw error;
    notice.say(error.told, { close });
  }
}
