// An observation as a card shows it: texts, ready to be written.

import { unitText } from "../../live/format.js";
import { skyOf } from "./sky.js";

const SECONDARY = ["apparent_temperature", "humidity", "wind_speed", "precipitation", "pressure"];
const PINNABLE = ["temperature", ...SECONDARY, "wind_gusts", "cloud_cover", "dew_point", "visibility"];

// {sky, text, temperature, rows: [{metric, label, text, from, fromText}], source, attribution, link, licence}
export function figuresOf(observation, format) {
  const { weather } = format.texts;
  const code = observation.value("weather_code")?.value;
  const said = observation.value("weather_text")?.value;
  const { provider = null, attribution = null, attribution_url: url, licence = null } = observation.tags;
  return {
    sky: skyOf(code, observation.value("is_day")?.value),
    text: weather.codes[code] ?? (typeof said === "string" ? said : ""),
    temperature: shown(observation.value("temperature"), format),
    rows: SECONDARY.flatMap((metric) => {
      const value = observation.value(metric);
      if (value === null) return [];
      const from = metric === "wind_speed" ? directionOf(observation) : null;
      const fromText = from === null ? null : weather.from(pointOf(from, weather.points));
      return [{ metric, label: weather.metrics[metric], text: shown(value, format), from, fromText }];
    }),
    source: attribution ?? provider,
    link: secure(url),
    licence,
  };
}

// What of an observation can be pinned and watched: [{metric, label, unit}].
export function valuesOf(observation, texts) {
  return PINNABLE.flatMap((metric) => {
    const value = observation.value(metric);
    return typeof value?.value === "number" ? [{ metric, label: texts.weather.metrics[metric], unit: value.unit }] : [];
  });
}

// The point of the compass that is nearest to so many degrees.
export function pointOf(degrees, points) {
  return points[Math.round((((degrees % 360) + 360) % 360) / (360 / points.length)) % points.length];
}

// "Illinois, United States"; without what is the place's own name already, and without what is not known.
export function whereOf(info, name, locale) {
  const parts = [info?.admin1, info?.country ?? info?.country_code].filter((part) => part && !same(part, name, locale));
  return [...new Set(parts)].join(", ");
}

function directionOf(observation) {
  const degrees = observation.value("wind_direction")?.value;
  return Number.isFinite(degrees) ? degrees : null;
}

function shown(value, format) {
  if (value === null) return null;
  const unit = unitText(value.unit);
  return unit ? `${format.value(value.value)}\u00a0${unit}` : format.value(value.value);
}

// Links of others are followed to where nobody can have changed the page on its way.
function secure(url) {
  return URL.canParse(url ?? "") && new URL(url).protocol === "https:" ? new URL(url).href : null;
}

function same(one, other, locale) {
  return one.localeCompare(other, locale, { sensitivity: "base" }) === 0;
}
