// Which drawing stands for a weather code of the WMO, by day and by night. Codes: open-meteo.com/en/docs, "WMO Weather
// interpretation codes"; sleet (68, 69, 83, 84) is of the WMO's table 4677.

const GROUPS = [
  ["clear", [0]],
  ["fair", [1, 2]],
  ["overcast", [3]],
  ["fog", [45, 48]],
  ["drizzle", [51, 53, 55]],
  ["ice", [56, 57, 66, 67]],
  ["rain", [61, 63, 65]],
  ["sleet", [68, 69, 83, 84]],
  ["snow", [71, 73, 75, 77, 85, 86]],
  ["showers", [80, 81, 82]],
  ["thunder", [95, 96, 99]],
];
const GROUP_OF = new Map(GROUPS.flatMap(([group, codes]) => codes.map((code) => [code, group])));

// By night those look different in which there is a sun.
const SUNNY = ["clear", "fair", "showers"];

export const groups = GROUPS.map(([group]) => group);
export const codes = [...GROUP_OF.keys()];

// "rain", "clear" or "clear-night", …; null for a code that is not known. `isDay`: 1, 0, a boolean or unknown.
export function skyOf(code, isDay) {
  const group = GROUP_OF.get(code);
  if (!group) return null;
  return SUNNY.includes(group) && (isDay === 0 || isDay === false) ? `${group}-night` : group;
}
