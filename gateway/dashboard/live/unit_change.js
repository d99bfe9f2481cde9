// Readings of a metric that changes its unit: all points of a series are in the unit of the newest. Pure.

import { converted } from "./units.js";

// Add a reading {ts, value, unit} to points that are in `unit` (nothing: none was told). What came before the `newest` is
// converted into its unit, or forgotten where that cannot be. Whether nothing was lost.
export function addInUnit(series, unit, reading, newest) {
  const { ts, value } = reading;
  if (!unit || !reading.unit || unit === reading.unit || typeof value !== "number") {
    series.add(ts, value);
    return true;
  }
  if (!newest) {
    const number = converted(value, reading.unit, unit);
    return number !== null && series.add(ts, number);
  }
  const values = series.values.map((each) => converted(each, unit, reading.unit));
  const whole = !values.includes(null);
  if (whole) series.values = values;
  else series.clear();
  series.add(ts, value);
  return whole;
}
