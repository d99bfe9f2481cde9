// What can be changed of one item of a board.

import { COLUMNS, MOST_LABEL, ROWS, change } from "../../boards/board.js";
import { WINDOWS } from "../../live/windows.js";
import { labelOf, moreOf, tell } from "../../boards/words.js";
import { comparedOf } from "../../live/source.js";
import { field, openDialog, select } from "../../parts/dialog.js";
import { el } from "../../parts/dom.js";

// `doing`: {change(how), move(by), remove()}; `how` is called with the board and the item's place.
export function openItemDialog(context, item, doing) {
  const words = context.texts.board;
  const { texts } = context;
  const label = el("input", { value: item.label, placeholder: labelOf({ ...item, label: "" }), maxlength: MOST_LABEL });
  const metric = metricField(context, item);
  const window = select(windows(item.window), item.window);
  const columns = select(sizes(COLUMNS), String(item.columns));
  const rows = select(sizes(ROWS), String(item.rows));
  const changes = () => ({
    label: label.value,
    columns: Number(columns.value),
    rows: Number(rows.value),
    ...(item.kind === "chart" ? { window: window.value } : {}),
    ...(item.device === null ? { metric: metric.value === "all" ? null : metric.value } : {}),
  });
  const then = (act) => () => {
    act();
    if (dialog.open) dialog.close();
  };
  const step = (name, by) => el("button", { type: "button", onclick: () => doing.move(by) }, name);
  const dialog = openDialog({
    title: words.edit_title,
    body: [
      el("p", { class: "muted" }, labelOf({ ...item, label: "" })),
      field(words.label, label),
      item.device === null ? field(comparedOf(item.topic) ? words.side : words.metric, metric) : null,
      item.kind === "chart" ? field(words.window, window) : null,
      el("div", { class: "pair" }, field(words.width, columns), field(words.height, rows)),
      el("p", { class: "row" }, step(words.earlier, -1), step(words.later, 1), el("a", { class: "end", href: moreOf(item), onclick: () => dialog.close() }, words.open)),
    ].filter(Boolean),
    ok: words.save,
    cancel: words.cancel,
    aside: [el("button", { type: "button", class: "danger", onclick: then(doing.remove) }, words.take_off)],
    done: () => tell(texts, () => doing.change((board, at) => change(board, at, changes()))),
  });
  return dialog;
}

// Another side of a comparison, or another metric of the same source: those that it is known to have are offered.
function metricField(context, item) {
  const { sides } = context.texts.board;
  if (comparedOf(item.topic)) return select(Object.entries(sides), item.metric ?? "all");
  const chosen = select([[item.metric, item.metric]], item.metric);
  const [kind, name] = [item.topic.split(":", 1)[0], item.topic.slice(item.topic.indexOf(":") + 1)];
  const path = `/api/${kind === "weather" ? "places" : "devices"}/${encodeURIComponent(name)}`;
  if (item.device === null) {
    context.access.json(path).then((found) => {
      const known = kind === "weather" ? found.latest?.latest : found.latest;
      for (const metric of Object.keys(known ?? {}).sort()) {
        if (metric !== item.metric) chosen.append(el("option", { value: metric }, metric));
      }
    }, () => {}); // then there is only the one that is shown
  }
  return chosen;
}

function windows(chosen) {
  return [...new Set([...WINDOWS, chosen])].filter(Boolean).map((each) => [each, each]);
}

function sizes(most) {
  return Array.from({ length: most }, (_, at) => [String(at + 1), String(at + 1)]);
}
