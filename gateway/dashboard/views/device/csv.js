// Readings as a CSV file (RFC 4180): a line for each, a column for each metric. Pure.

import { unitText } from "../../live/format.js";

const FORMULA = /^[=+\-@\t\r]/;
const QUOTED = /[",\r\n]/;

// The file's text in parts, so that long ones need no single string.
export function csvOf(readings) {
  const units = new Map(); // metric → the units it came in
  for (const { values, units: told } of readings) {
    for (const metric of Object.keys(values)) {
      if (!units.has(metric)) units.set(metric, new Set());
      const unit = ownOf(told ?? {}, metric);
      if (unit) units.get(metric).add(unitText(unit));
    }
  }
  const metrics = [...units.keys()].sort();
  const heads = metrics.map((metric) => {
    const told = [...units.get(metric)].join(" / ");
    return told ? `${metric} (${told})` : metric;
  });
  const cellsOf = ({ ts, values }) => [new Date(ts).toISOString(), ...metrics.map((metric) => ownOf(values, metric))];
  const rows = readings.map((reading) => line(cellsOf(reading)));
  return [line(["ts", ...heads]), ...rows];
}

// "greenhouse-7_2026-11-21T05-00Z_2026-11-21T06-00Z.csv"
export function fileName(device, { fromMs, toMs }) {
  const [from, to] = [fromMs, toMs].map((ms) => `${new Date(ms).toISOString().slice(0, 16).replaceAll(":", "-")}Z`);
  return `${device.replace(/[^A-Za-z0-9._-]/g, "_")}_${from}_${to}.csv`;
}

// A metric may be called "constructor".
function ownOf(table, name) {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function line(cells) {
  return `${cells.map(cell).join(",")}\r\n`;
}

// A spreadsheet would work out what looks like a formula.
function cell(value) {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
