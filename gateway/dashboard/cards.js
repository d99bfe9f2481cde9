// Cards: a title, values with units, and an age that turns into "silent".

const AGES_MS = 3_000;
// Larger numbers are shown with an exponent.
const LARGEST_PLAIN = 1e12;

export function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function age(ms) {
  const seconds = Math.max(0, Math.round((Date.now() - ms) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  return new Date(ms).toLocaleString();
}

function shown(value) {
  if (typeof value !== "number") return String(value);
  if (Math.abs(value) >= LARGEST_PLAIN) return value.toExponential(3);
  return value.toLocaleString(undefined, { maximumFractionDigits: 3 });
}

function showAge(when) {
  const seen = Number(when.dataset.seen);
  const silent = Date.now() - seen > Number(when.dataset.silentMs);
  when.textContent = silent ? `${age(seen)}, silent` : age(seen);
  when.parentElement?.classList.toggle("silent", silent);
}

// values: [name, {value, unit}] pairs; notes: elements below the age.
export function draw(card, title, values, seen, silentMs, notes) {
  const list = document.createElement("dl");
  for (const [name, { value, unit }] of [...values].sort(([a], [b]) => a.localeCompare(b))) {
    list.append(element("dt", name.replaceAll("_", " ")), element("dd", unit ? `${shown(value)} ${unit}` : shown(value)));
  }
  const when = element("p", "", "age");
  when.dataset.seen = seen;
  when.dataset.silentMs = silentMs;
  card.replaceChildren(element("h3", title), list, when, ...notes);
  showAge(when);
}

setInterval(() => document.querySelectorAll(".age").forEach(showAge), AGES_MS);
