// The weather: the places that the server tracks, and cities that the viewer added.

import { read } from "/static/access.js";
import { draw, element } from "/static/cards.js";
import { ResumingSocket } from "/static/socket.js";

const ASK_AGAIN_MS = 30_000;
// Whether an observation is too old is the server's to tell; it pushes each change.
const NEVER_SILENT_MS = Infinity;
const SHOWN = ["temperature", "apparent_temperature", "humidity", "precipitation", "pressure", "weather_text", "wind_speed"];
const FINAL = ["not_found", "bad_request", "too_large", "ambiguous"];

const list = document.getElementById("weather");
const complaint = document.getElementById("city-error");
const choice = document.getElementById("city-choice");
// City as it was asked for → its card, whether the server's settings name it, whether it is known to be a city, and
// the timer of the next question.
const wanted = new Map();
// Place → the card of the city that was asked for first.
const places = new Map();

const socket = new ResumingSocket("/ws/weather/", { open: followAll, message: take });

function remembered() {
  try {
    const cities = JSON.parse(localStorage.getItem("cities"));
    return Array.isArray(cities) ? cities.filter((city) => typeof city === "string") : [];
  } catch {
    return [];
  }
}

function remember() {
  const added = [...wanted].filter(([, { pinned, kept }]) => !pinned && kept).map(([city]) => city);
  localStorage.setItem("cities", JSON.stringify(added));
}

async function followAll() {
  const answer = await read("/api/places").then((found) => (found.ok ? found.json() : null), () => null);
  const pinned = (answer?.places ?? []).filter((place) => place.pinned).map((place) => place.name);
  for (const city of pinned) want(city, { pinned: true });
  for (const city of remembered()) want(city, { kept: true });
  for (const city of wanted.keys()) ask(city);
}

function want(city, { pinned = false, kept = false } = {}) {
  if (wanted.has(city)) return;
  const card = document.createElement("li");
  card.append(element("h3", city), element("p", "no observation yet"));
  list.append(card);
  wanted.set(city, { card, pinned, kept, place: null, timer: null });
}

function ask(city) {
  const one = wanted.get(city);
  if (!one) return;
  clearTimeout(one.timer);
  one.timer = null;
  socket.send({ city });
}

function drop(city) {
  const one = wanted.get(city);
  clearTimeout(one.timer);
  one.card.remove();
  wanted.delete(city);
  if (places.get(one.place)?.card === one.card) places.delete(one.place);
  remember();
}

function take(message) {
  if (message.error) refuse(message);
  else show(message);
}

function offer(candidates) {
  choice.replaceChildren(
    ...candidates.map(({ city, id }) => {
      const button = element("button", city);
      button.type = "button";
      button.dataset.id = id;
      button.addEventListener("click", () => add(city));
      return button;
    }),
  );
}

function add(city) {
  complaint.textContent = "";
  offer([]);
  want(city);
  ask(city);
}

function refuse({ error, city, candidates }) {
  const one = wanted.get(city);
  if (error.code === "ambiguous") offer(candidates ?? []);
  if (!one || (FINAL.includes(error.code) && !one.place)) {
    complaint.textContent = error.message;
    if (one) drop(city);
    return;
  }
  if (!one.place) one.card.replaceChildren(element("h3", city), element("p", error.message), ...removal(city));
  one.timer ??= setTimeout(ask, ASK_AGAIN_MS, city);
}

function removal(city) {
  if (wanted.get(city).pinned) return [];
  const button = element("button", "remove");
  button.setAttribute("aria-label", `Remove ${city}`);
  button.addEventListener("click", () => drop(city));
  return [button];
}

function show(message) {
  const asked = wanted.get(message.asked);
  if (asked && !asked.place) {
    asked.place = message.place;
    asked.kept = true;
    if (places.has(message.place)) drop(message.asked);
    else places.set(message.place, { card: asked.card, city: message.asked });
    remember();
  }
  const known = places.get(message.place);
  if (!known) return;
  const values = SHOWN.filter((name) => name in message).map((name) => [
    name,
    { value: message[name], unit: message.units?.[name] },
  ]);
  const source = element("p", "", "source");
  const link = element("a", message.attribution ?? "");
  if (message.attribution_url?.startsWith("https://")) link.href = message.attribution_url;
  source.append(link);
  const notes = [message.stale && "stale", message.reason].filter(Boolean).map((text) => element("p", text, "mark"));
  known.card.dataset.place = message.place;
  known.card.classList.toggle("stale", Boolean(message.stale));
  draw(known.card, message.city, values, message.ts, NEVER_SILENT_MS, [...notes, source, ...removal(known.city)]);
}

document.getElementById("add-city").addEventListener("submit", (event) => {
  event.preventDefault();
  const city = new FormData(event.target).get("city").trim();
  const tooShort = city.length < 2;
  if (tooShort) {
    complaint.textContent = "a city's name has 2 letters at least";
    return;
  }
  add(city);
  event.target.reset();
});
