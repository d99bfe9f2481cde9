// Drawings of the sky, 64 by 64. They say nothing by themselves: the text beside them does.

const SVG = "http://www.w3.org/2000/svg";
const CLOUD = "M19 47h27a10 10 0 0 0 1.5-19.9A15 15 0 0 0 18.8 24 11.6 11.6 0 0 0 19 47z";
const HIGH_CLOUD = "M19 41h27a10 10 0 0 0 1.5-19.9A15 15 0 0 0 18.8 18 11.6 11.6 0 0 0 19 41z";
const BACK_CLOUD = "M36 18a9 9 0 0 1 17 3 8 8 0 0 1 5 13";
const SUN = "M32 20a12 12 0 1 0 0 24 12 12 0 0 0 0-24z";
const RAYS = "M32 6v7M32 51v7M6 32h7M51 32h7M13.6 13.6l5 5M45.4 45.4l5 5M13.6 50.4l5-5M45.4 18.6l5-5";
const SMALL_SUN = "M44 10a9 9 0 0 1 8.6 11.6M35.5 16A9 9 0 0 1 44 10";
const SMALL_RAYS = "M44 1.5v4M30.5 10.5l3 3M57.5 7.5l-3 3M58 19h4";
const MOON = "M40 12a21 21 0 1 0 13 30A17 17 0 0 1 40 12z";
const SMALL_MOON = "M49 4a11 11 0 1 0 10 15A9.5 9.5 0 0 1 49 4z";
const DROPS = "M23 48l-2.5 8M33 48l-2.5 8M43 48l-2.5 8";
const SHORT_DROPS = "M24 49l-1 3M33 53l-1 3M42 49l-1 3";
const FLAKES = "M23 48v7M20 49.8l6 3.4M26 49.8l-6 3.4M42 48v7M39 49.8l6 3.4M45 49.8l-6 3.4";
const MIDDLE_FLAKE = "M32.5 53v7M29.5 54.8l6 3.4M35.5 54.8l-6 3.4";
const BOLT = "M35 44l-8 9h6l-3 8 9-11h-6l4-6z";
const FOG = "M12 46h34M20 52h34M14 58h30";

const cloud = [["cloud", HIGH_CLOUD]];
const DRAWINGS = {
  clear: [["sun", SUN], ["sun ray", RAYS]],
  "clear-night": [["moon", MOON]],
  fair: [["sun ray", SMALL_SUN], ["sun ray", SMALL_RAYS], ["cloud", CLOUD]],
  "fair-night": [["moon", SMALL_MOON], ["cloud", CLOUD]],
  overcast: [["cloud back", BACK_CLOUD], ["cloud", CLOUD]],
  fog: [...cloud, ["mist", FOG]],
  drizzle: [...cloud, ["drop", SHORT_DROPS]],
  ice: [...cloud, ["drop", "M24 48l-2.5 8M42 48l-2.5 8"], ["flake", MIDDLE_FLAKE]],
  rain: [...cloud, ["drop", DROPS]],
  sleet: [...cloud, ["drop", "M33 48l-2.5 8"], ["flake", FLAKES]],
  snow: [...cloud, ["flake", FLAKES], ["flake", MIDDLE_FLAKE]],
  showers: [["sun ray", SMALL_SUN], ["sun ray", SMALL_RAYS], ...cloud, ["drop", DROPS]],
  "showers-night": [["moon", SMALL_MOON], ...cloud, ["drop", DROPS]],
  thunder: [...cloud, ["bolt", BOLT]],
};

// An empty drawing; `draw` fills it.
export function newDrawing(className, size = 64) {
  const made = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["viewBox", `0 0 ${size} ${size}`], ["class", className], ["aria-hidden", "true"]]) {
    made.setAttribute(name, value);
  }
  return made;
}

// Shows `sky` (see sky.js); null shows nothing.
export function draw(drawing, sky) {
  if (drawing.dataset.sky === (sky ?? "")) return;
  drawing.dataset.sky = sky ?? "";
  drawing.replaceChildren(...(DRAWINGS[sky] ?? []).map(([name, d]) => path(name, d)));
}

// An arrow that shows where the wind blows to, whatever it comes from: `turn` turns it.
export function newArrow() {
  const arrow = newDrawing("arrow", 24);
  arrow.append(path("", "M12 21V4M5.5 10.5L12 4l6.5 6.5"));
  return arrow;
}

export function turn(arrow, fromDegrees) {
  arrow.style.rotate = `${(fromDegrees + 180) % 360}deg`;
}

function path(name, d) {
  const made = document.createElementNS(SVG, "path");
  made.setAttribute("class", name);
  made.setAttribute("d", d);
  return made;
}
