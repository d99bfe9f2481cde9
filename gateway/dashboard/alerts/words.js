// Rules in the viewer's language.

import { unitText } from "../live/format.js";
import { RuleError } from "./rule.js";

// "above 30 °C", "silent for 5 min".
export function ruleText(format, { kind, limit, unit, silentS }) {
  const { texts } = format;
  if (kind === "silent") return texts.alerts.silent(spanText(format, silentS));
  return texts.alerts[kind](valueText(format, limit, unit));
}

// "greenhouse-7 · temperature is above 30 °C".
export function sentence(format, rule) {
  return format.texts.alerts.is(rule.label, ruleText(format, rule));
}

// A rule with all that it asks for.
export function wholeText(format, rule) {
  const { alerts } = format.texts;
  const { kind, limit, back, forS, unit } = rule;
  const parts = [ruleText(format, rule)];
  if (forS > 0) parts.push(alerts.at_least(spanText(format, forS)));
  if (back > 0) parts.push(alerts.until(valueText(format, kind === "above" ? limit - back : limit + back, unit)));
  return parts.join(", ");
}

export function spanText(format, seconds) {
  const [size, unit] = [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]].find(([size]) => seconds % size === 0) ?? [1, "second"];
  return new Intl.NumberFormat(format.locale, { style: "unit", unit, unitDisplay: "short" }).format(seconds / size);
}

// Does `work`; a RuleError of it is thrown anew with `told` for a dialog.
export function tellRule(texts, work) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw Object.assign(error, { told: texts.alerts.problems[error.code] });
  }
}

function valueText(format, value, unit) {
  return unit ? `${format.value(value)} ${unitText(unit)}` : format.value(value);
}
