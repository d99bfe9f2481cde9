// The rules of one value: those there are, and another.

import { field, openDialog, select } from "../parts/dialog.js";
import { el } from "../parts/dom.js";
import { unitText } from "../live/format.js";
import { numberToType, typedNumber } from "../live/typed_number.js";
import { KINDS, nameOf } from "./rule.js";
import { tellRule, wholeText } from "./words.js";

const SPANS = [["1", "second"], ["60", "minute"], ["3600", "hour"]];
const SILENT_S = 300;

// `what` is as alertButton() takes it, or a rule that is to be changed.
export function openAlertDialog(context, what) {
  const { alerts, format, texts } = context;
  const words = texts.alerts;
  const { topic, metric, device = null, unit = "", id = null } = what;
  const label = nameOf(what);
  const unitShown = unitText(unit);
  const kind = select(KINDS.map((each) => [each, words.kinds[each]]), what.kind ?? "above");
  const number = (value, attributes) =>
    el("input", { type: "text", autocomplete: "off", value: value === null ? "" : numberToType(value, format.locale), ...attributes });
  const read = ({ value }) => (value.trim() === "" ? 0 : typedNumber(value, format.locale));
  const limit = number(what.limit ?? null, { required: true });
  const back = number(what.back || null, { inputmode: "decimal", placeholder: 0 });
  const least = number(what.forS || null, { inputmode: "decimal", placeholder: 0 });
  const [size, units] = spanOf(what.silentS ?? SILENT_S);
  const silent = number(size, { inputmode: "decimal", required: true });
  const span = select(SPANS.map(([value, name]) => [value, words.spans[name]]), units);
  const limits = el(
    "div",
    { class: "fields" },
    field(withUnit(words.limit, unitShown), limit),
    field(withUnit(words.back, unitShown), back),
    field(words.for_seconds, least),
  );
  const silence = el("div", { class: "pair" }, field(words.silent_for, silent), field(words.span, span));
  const show = () => {
    const isSilent = kind.value === "silent";
    [limits.hidden, silence.hidden] = [isSilent, !isSilent];
    for (const each of limits.querySelectorAll("input")) each.disabled = isSilent;
    for (const each of silence.querySelectorAll("input")) each.disabled = !isSilent;
  };
  kind.addEventListener("change", show);
  show();
  const asked = () => ({
    id, topic, metric, device, unit, label, on: what.on,
    kind: kind.value,
    ...(kind.value === "silent"
      ? { silentS: read(silent) * Number(span.value) }
      : { limit: read(limit), back: read(back), forS: read(least) }),
  });
  return openDialog({
    title: words.title(label),
    name: "alert",
    first: kind,
    fieldOf: ({ code }) => ({ kind, limit, back, for: least, silent })[code] ?? null,
    body: [id === null ? listOf(alerts, format, what, kind) : null, field(words.when, kind), limits, silence].filter(Boolean),
    ok: id === null ? words.add : texts.board.save,
    cancel: texts.board.cancel,
    aside: [el("a", { href: "#/alerts", onclick: (event) => event.target.closest("dialog").close() }, words.all)],
    done: () => tellRule(texts, () => alerts.save(asked())),
  });
}

// The rules that there are; each can be taken away here. `next` gets the focus then.
function listOf(alerts, format, what, next) {
  const rules = alerts.rulesAt(what);
  if (rules.length === 0) return null;
  const rows = rules.map((rule) => {
    const text = wholeText(format, rule);
    const gone = () => {
      alerts.remove(rule.id);
      (list.children.length > 1 ? row : list).remove();
      next.focus();
    };
    const row = el("li", { class: "row" }, el("span", {}, text), el("button", { type: "button", class: "end", "aria-label": format.texts.alerts.remove(text), onclick: gone }, format.texts.alerts.remove_short));
    return row;
  });
  const list = el("ul", { class: "plain" }, ...rows);
  return list;
}

// [how many, of how many seconds each].
function spanOf(seconds) {
  const [size] = SPANS.findLast(([each]) => seconds % Number(each) === 0) ?? SPANS[0];
  return [seconds / Number(size), size];
}

function withUnit(text, unit) {
  return unit ? `${text} (${unit})` : text;
}
