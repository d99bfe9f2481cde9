// Readings as a CSV file (RFC 4180): a line for each, a column for each metric and unit. Pure.

import { unitText } from "../../live/format.js";
import { ownOf } from "../../live/own.js";

const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^-\d+(\.\d+)?$/;
const QUOTED = /[",\r\n]/;
const BOM = "\ufeff"; // without it Excel takes "°C" for another encoding

// The file's text in parts, so that long ones need no single string.
export function csvOf(readings) {
  const found = new Map(); // metric → the units it came in
  for (const reading of readings) {
    for (const metric of Object.keys(reading.values)) {
      if (!found.has(metric)) found.set(metric, new Set());
      found.get(metric).add(unitOf(reading, metric));
    }
  }
  const columns = [...found.keys()].sort().flatMap((metric) => [...found.get(metric)].map((unit) => ({ metric, unit })));
  const heads = columns.map(({ metric, unit }) => (unit ? `${metric} (${unit})` : metric));
  const rows = readings.map((reading) => {
    const cells = columns.map(({ metric, unit }) => (unitOf(reading, metric) === unit ? ownOf(reading.values, metric) : null));
    return line([new Date(reading.ts).toISOString(), ...cells]);
  });
  return [BOM + line(["ts", ...heads]), ...rows];
}

// As it is shown; "" for none.
function unitOf({ units }, metric) {
  return unitText(ownOf(units, metric));
}

// "greenhouse-7_2026-11-21T05-00Z_2026-11-21T06-00Z.csv"
export function fileName(device, { fromMs, toMs }) {
  const [from, to] = [fromMs, toMs].map((ms) => `${new Date(ms).toISOString().slice(0, 16).replaceAll(":", "-")}Z`);
  return `${device.replace(/[^A-Za-z0-9._-]/g, "_")}_${from}_${to}.csv`;
}

function line(cells) {
  return `${cells.map(cell).join(",")}\r\n`;
}

// A spreadsheet would work out what looks like a formula.
function cell(value) {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
