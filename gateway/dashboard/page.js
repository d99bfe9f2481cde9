// The page: devices with live values, weather, and whether what is shown is live, resuming or stale.

import { ResumingSocket } from "/static/socket.js";

const CHECK_MS = 3_000;
const QUIET_MS = 120_000;
const devices = new Map();
const cities = new Map();
const followed = new Set(JSON.parse(localStorage.getItem("cities") ?? '["Berlin","London","New York"]'));
const state = document.getElementById("state");
let open = false;
let healthy = true;

function showState() {
  const now = !open ? "resuming" : healthy ? "live" : "stale";
  state.dataset.state = now;
  state.textContent = now === "stale" ? "stale: the server hears nothing" : now;
}

function element(tag, text, className) {
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
  return typeof value === "number" ? value.toLocaleString(undefined, { maximumFractionDigits: 3 }) : String(value);
}

function draw(card, title, values, seen, note) {
  const list = document.createElement("dl");
  for (const [name, { value, unit }] of [...values].sort(([a], [b]) => a.localeCompare(b))) {
    list.append(element("dt", name.replaceAll("_", " ")), element("dd", unit ? `${shown(value)} ${unit}` : shown(value)));
  }
  const when = element("p", age(seen), "age");
  when.dataset.seen = seen;
  card.replaceChildren(element("h3", title), list, when, ...note);
}

function device(id) {
  let known = devices.get(id);
  if (!known) {
    known = { values: new Map(), ts: 0, seen: 0, card: document.createElement("li") };
    known.card.dataset.device = id;
    devices.set(id, known);
    const after = [...devices.keys()].sort()[[...devices.keys()].sort().indexOf(id) + 1];
    document.getElementById("devices").insertBefore(known.card, after ? devices.get(after).card : null);
    document.getElementById("no-devices").hidden = true;
  }
  return known;
}

const changed = new Set();

function redraw(id) {
  if (changed.size === 0) requestAnimationFrame(() => {
    for (const each of changed) {
      const known = devices.get(each);
      draw(known.card, each, known.values, known.seen, []);
    }
    changed.clear();
  });
  changed.add(id);
}

function takeValue(known, metric, value, ts, unit) {
  const old = known.values.get(metric);
  if (!old || ts >= old.ts) known.values.set(metric, { value, ts, unit: unit ?? old?.unit });
}

function takeReading(reading) {
  if (!reading.device) return;
  const known = device(reading.device);
  for (const [metric, value] of Object.entries(reading.values)) {
    takeValue(known, metric, value, reading.ts, reading.units?.[metric]);
  }
  known.seen = Date.now();
  redraw(reading.device);
}

async function loadDevices() {
  let next = "/api/devices";
  while (next) {
    const answer = await fetch(next);
    if (!answer.ok) return;
    const page = await answer.json();
    for (const each of page.devices) {
      const known = device(each.device);
      for (const [metric, latest] of Object.entries(each.latest)) {
        takeValue(known, metric, latest.value, latest.ts, latest.unit);
      }
      known.seen = Math.max(known.seen, each.last_seen);
      redraw(each.device);
    }
    next = page.next;
  }
}

const SHOWN = ["temperature", "apparent_temperature", "humidity", "precipitation", "pressure", "weather_text", "wind_speed"];

function takeObservation(message) {
  if (message.error) {
    document.getElementById("city-error").textContent = message.error.message;
    return;
  }
  let card = cities.get(message.place);
  if (!card) {
    card = document.createElement("li");
    card.dataset.place = message.place;
    cities.set(message.place, card);
    document.getElementById("weather").append(card);
  }
  const values = SHOWN.filter((name) => name in message).map((name) => [
    name,
    { value: message[name], unit: message.units?.[name] },
  ]);
  const source = document.createElement("p");
  source.className = "source";
  const link = element("a", message.attribution ?? "");
  link.href = message.attribution_url ?? "#";
  source.append(link);
  draw(card, message.city, values, message.ts, [source]);
}

const weather = new ResumingSocket("/ws/weather/", {
  open: (socket) => followed.forEach((city) => socket.send({ city })),
  message: takeObservation,
});

new ResumingSocket("/ws/sensor/", {
  resume: true,
  open: () => {
    open = true;
    showState();
    loadDevices();
  },
  message: takeReading,
  close: () => {
    open = false;
    showState();
  },
});

document.getElementById("add-city").addEventListener("submit", (event) => {
  event.preventDefault();
  const city = new FormData(event.target).get("city").trim();
  document.getElementById("city-error").textContent = "";
  followed.add(city);
  localStorage.setItem("cities", JSON.stringify([...followed]));
  weather.send({ city });
  event.target.reset();
});

async function check() {
  try {
    healthy = (await fetch("/readyz", { signal: AbortSignal.timeout(CHECK_MS) })).ok;
  } catch {
    healthy = false;
  }
  showState();
  for (const when of document.querySelectorAll(".age")) {
    const seen = Number(when.dataset.seen);
    when.textContent = age(seen);
    when.parentElement.classList.toggle("quiet", Date.now() - seen > QUIET_MS);
  }
}

showState();
setInterval(check, CHECK_MS);
