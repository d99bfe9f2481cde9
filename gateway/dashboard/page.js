// The page: devices with live values, weather, and whether what is shown is live, resuming or stale.

import { ResumingSocket } from "/static/socket.js";

const AGES_MS = 3_000;
const RETRY_MS = 2_000;
const ASK_AGAIN_MS = 30_000;
// What is older than this is silent: a device by its own pace (three of its usual intervals), weather by the service's.
const DEVICE_SILENT_MS = 120_000;
const SOONEST_SILENT_MS = 15_000;
const WEATHER_SILENT_MS = 45 * 60_000;
const devices = new Map();
const cities = new Map();
const followed = new Set(remembered() ?? ["Berlin", "London", "New York"]);
const state = document.getElementById("state");
let open = false;
let hears = false;

function remembered() {
  try {
    return JSON.parse(localStorage.getItem("cities"));
  } catch {
    return null;
  }
}

function showState() {
  const now = !open ? "resuming" : hears ? "live" : "stale";
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

function showAge(when) {
  const seen = Number(when.dataset.seen);
  const silent = Date.now() - seen > Number(when.dataset.silentMs);
  when.textContent = silent ? `${age(seen)}, silent` : age(seen);
  when.parentElement?.classList.toggle("silent", silent);
}

function draw(card, title, values, seen, silentMs, note) {
  const list = document.createElement("dl");
  for (const [name, { value, unit }] of [...values].sort(([a], [b]) => a.localeCompare(b))) {
    list.append(element("dt", name.replaceAll("_", " ")), element("dd", unit ? `${shown(value)} ${unit}` : shown(value)));
  }
  const when = element("p", "", "age");
  when.dataset.seen = seen;
  when.dataset.silentMs = silentMs;
  card.replaceChildren(element("h3", title), list, when, ...note);
  showAge(when);
}

const order = [];

function placeOf(id) {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order[middle] < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function device(id) {
  let known = devices.get(id);
  if (!known) {
    known = { values: new Map(), seen: 0, heard: 0, paceMs: 0, card: document.createElement("li") };
    known.card.dataset.device = id;
    devices.set(id, known);
    const at = placeOf(id);
    document.getElementById("devices").insertBefore(known.card, at < order.length ? devices.get(order[at]).card : null);
    order.splice(at, 0, id);
    document.getElementById("no-devices").hidden = true;
  }
  return known;
}

const changed = new Set();

function redraw(id) {
  if (changed.size === 0) requestAnimationFrame(() => {
    for (const each of changed) {
      const known = devices.get(each);
      const silentMs = known.paceMs ? Math.max(SOONEST_SILENT_MS, 3 * known.paceMs) : DEVICE_SILENT_MS;
      draw(known.card, each, known.values, known.seen, silentMs, []);
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
  const now = Date.now();
  if (known.heard) known.paceMs += ((now - known.heard) - known.paceMs) * (known.paceMs ? 0.2 : 1);
  known.heard = known.seen = now;
  redraw(reading.device);
}

async function loadDevices() {
  let next = "/api/devices";
  while (next) {
    const page = await fetch(next).then((answer) => (answer.ok ? answer.json() : null), () => null);
    if (!page) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      continue;
    }
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
    if (["unavailable", "overloaded"].includes(message.error.code)) setTimeout(askForCities, ASK_AGAIN_MS);
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
  draw(card, message.city, values, message.ts, WEATHER_SILENT_MS, [source]);
}

const weather = new ResumingSocket("/ws/weather/", {
  open: askForCities,
  message: takeObservation,
});

function askForCities() {
  followed.forEach((city) => weather.send({ city }));
}

new ResumingSocket("/ws/sensor/", {
  resume: true,
  open: () => {
    open = true;
    hears = true;
    showState();
    loadDevices();
  },
  message: takeReading,
  status: (live) => {
    hears = live;
    showState();
  },
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

function showAges() {
  document.querySelectorAll(".age").forEach(showAge);
}

showState();
setInterval(showAges, AGES_MS);
