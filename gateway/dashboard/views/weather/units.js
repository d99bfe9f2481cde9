// The unit of a place's metric as topics tell it. Pure: as it is shown, "" for none, null while nothing has told it.

import { unitText } from "../../live/format.js";
import { ownOf } from "../../live/own.js";

export function unitInSnapshot(metric, { window, latest }) {
  const series = window.series.find((each) => each.metric === metric);
  if (series) return unitText(series.unit);
  const values = latest?.latest ?? {};
  return Object.hasOwn(values, metric) ? unitText(values[metric].unit) : null;
}

// `known` is the unit so far; an observation without the metric tells nothing of it.
export function unitAfter(known, metric, { values, units }) {
  return Object.hasOwn(values ?? {}, metric) ? unitText(ownOf(units, metric)) : known;
}
