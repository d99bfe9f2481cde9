// Which value of the weather belongs beside which metric of a device. Pure.

import { converted, kindOf } from "../../live/units.js";

const QUANTITIES = [
  { weather: "wind_speed", all: ["wind", "speed"], kind: "speed" },
  { weather: "wind_direction", all: ["wind", "direction"], kind: "angle" },
  { weather: "humidity", all: ["humidity"], kind: "share" },
  { weather: "humidity", all: ["rh"], kind: "share" },
  { weather: "pressure", all: ["pressure"], kind: "pressure" },
  { weather: "temperature", all: ["temperature"], kind: "temperature" },
  { weather: "temperature", all: ["temp"], kind: "temperature" },
];

// The weather's metric of the same quantity as a device's `metric` in `unit` ("" if it tells none); null if there is none.
export function weatherMetricOf(metric, unit) {
  const words = metric.toLowerCase().split(/[^a-z]+/);
  const kind = kindOf(unit);
  const named = QUANTITIES.find(({ all }) => all.every((word) => words.includes(word)));
  if (named) return unit === "" || kind === named.kind ? named.weather : null;
  return kind === "temperature" ? "temperature" : null;
}

// Points of the weather in a device's unit; in their own where it tells none.
export function inUnit(points, unit, wanted) {
  if (!wanted || wanted === unit) return points;
  return points.flatMap(([ts, value]) => {
    const number = converted(value, unit, wanted);
    return number === null ? [] : [[ts, number]];
  });
}
