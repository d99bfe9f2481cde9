// The page: devices with live values, and whether what is shown is live, resuming or stale.

import { read } from "/static/access.js";
import { draw } from "/static/cards.js";
import { ResumingSocket } from "/static/socket.js";
import "/static/weather.js";

const RETRY_MS = 2_000;
// Older than this a device is silent; once its pace is known, after three of its usual intervals.
const DEVICE_SILENT_MS = 120_000;
const SOONEST_SILENT_MS = 15_000;
const devices = new Map();
const state = document.getElementById("state");
let open = false;
let hears = false;

function showState() {
  const now = !open ? "resuming" : hears ? "live" : "stale";
  state.dataset.state = now;
  state.textContent = now === "stale" ? "stale: the server hears nothing" : now;
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

let loading = 0;

async function loadDevices() {
  const load = ++loading;
  let next = "/api/devices";
  while (next && load === loading) {
    const page = await read(next).then((answer) => (answer.ok ? answer.json() : null), () => null);
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

showState();
