// The devices that report a metric, in order, and what they say together. Pure.
//
// A row is {device, value, ts, unit}; `unit` as it is shown, "" for none, undefined while it is not known. `ageOf(row)` is
// in milliseconds.

export const SORTS = ["highest", "lowest", "name", "seen"];

// Whether `value` has a place among numbers: switches are 0 and 1.
export function numberOf(value) {
  const number = typeof value === "boolean" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

// The rows in order: those whose device has `search` in its name, of one unit (null: of all). Texts stand behind numbers.
export function ranked(rows, { sort, search = "", unit = null, ageOf = () => 0 }) {
  const wanted = search.trim().toLowerCase();
  const found = [...rows].filter((row) => (unit === null || shownUnit(row) === unit) && row.device.toLowerCase().includes(wanted));
  const ages = sort === "seen" ? new Map(found.map((row) => [row, ageOf(row)])) : null;
  const orders = {
    highest: (one, other) => byValue(one, other, -1),
    lowest: (one, other) => byValue(one, other, 1),
    name: () => 0,
    seen: (one, other) => ages.get(one) - ages.get(other),
  };
  const order = orders[sort] ?? orders.highest;
  return found.sort((one, other) => order(one, other) || byName(one, other));
}

// [{unit, count}], the most common first. What is not known yet counts as none.
export function unitsOf(rows) {
  const counts = new Map();
  for (const row of rows) counts.set(shownUnit(row), (counts.get(shownUnit(row)) ?? 0) + 1);
  return Array.from(counts, ([unit, count]) => ({ unit, count })).sort((a, b) => b.count - a.count || (a.unit < b.unit ? -1 : 1));
}

// The unit that is ranked: the one that was asked for ("" is none, null is not asked), else the most common.
export function unitOf(units, asked) {
  return units.some(({ unit }) => unit === asked) ? asked : (units[0]?.unit ?? "");
}

// What the values are: "switch" (all of them booleans), "text" (none has a place among numbers) or "number".
export function kindOf(rows) {
  if (rows.length === 0) return "number";
  if (rows.every(({ value }) => typeof value === "boolean")) return "switch";
  return rows.every(({ value }) => numberOf(value) === null) ? "text" : "number";
}

// {lowest, highest, mean, count} of the numbers; null if there is none.
export function statsOf(rows) {
  let [lowest, highest, sum, count] = [Infinity, -Infinity, 0, 0];
  for (const { value } of rows) {
    const number = numberOf(value);
    if (number === null) continue;
    lowest = Math.min(lowest, number);
    highest = Math.max(highest, number);
    sum += number;
    count++;
  }
  return count === 0 ? null : { lowest, highest, mean: sum / count, count };
}

// How far from the lowest to the highest, 0 to 1; null for what is no number.
export function shareOf(value, stats) {
  const number = numberOf(value);
  if (number === null || stats === null) return null;
  return stats.highest === stats.lowest ? 1 : Math.min(1, Math.max(0, (number - stats.lowest) / (stats.highest - stats.lowest)));
}

// Which devices have a line: those that were chosen, or the first that have numbers; at most so many.
export function drawnOf(order, chosen, most) {
  if (chosen !== null) return chosen.slice(0, most);
  return order.filter(({ value }) => numberOf(value) !== null).slice(0, most).map(({ device }) => device);
}

// The page that is there: {page, pages, from, to}, `to` not in it.
export function pageOf(count, page, size) {
  const pages = Math.max(1, Math.ceil(count / size));
  const there = Math.min(Math.max(1, page), pages);
  return { page: there, pages, from: (there - 1) * size, to: Math.min(count, there * size) };
}

// Devices' names as one word of an address, and back; null for none.
export function namesToText(names) {
  return names === null ? null : names.map(encodeURIComponent).join(",");
}

export function namesOf(text) {
  if (!text) return null;
  const names = text.split(",").flatMap((name) => {
    try {
      return [decodeURIComponent(name)];
    } catch {
      return [];
    }
  });
  return names.length > 0 ? [...new Set(names)] : null;
}

function shownUnit({ unit }) {
  return unit ?? "";
}

function byValue(one, other, sign) {
  const [mine, yours] = [numberOf(one.value), numberOf(other.value)];
  if (mine === null || yours === null) return (mine === null) - (yours === null);
  return sign * (mine - yours);
}

function byName(one, other) {
  return one.device < other.device ? -1 : one.device > other.device ? 1 : 0;
}
