// Units that devices and weather services tell, and how one becomes another: the names are those of the server.

// kind → [[factor, offset, names], …]: value * factor + offset is the same in the unit that all of the kind are told in.
const SCALES = {
  temperature: [
    [1, 0, ["°C", "Cel", "C", "degC", "celsius"]],
    [5 / 9, -160 / 9, ["°F", "[degF]", "F", "degF", "fahrenheit"]],
    [1, -273.15, ["K", "kelvin"]],
  ],
  share: [[1, 0, ["%", "%RH", "percent"]], [100, 0, ["/"]]],
  pressure: [
    [1, 0, ["Pa"]],
    [100, 0, ["hPa", "mbar", "mb"]],
    [1_000, 0, ["kPa"]],
    [100_000, 0, ["bar"]],
    [133.3224, 0, ["mmHg", "mm[Hg]", "Torr"]],
    [3_386.389, 0, ["inHg", "[in_i'Hg]"]],
    [6_894.757, 0, ["psi", "[psi]"]],
  ],
  speed: [
    [1, 0, ["m/s", "mps"]],
    [1 / 3.6, 0, ["km/h", "kmh", "kph"]],
    [0.44704, 0, ["mph", "mi/h", "mp/h", "[mi_i]/h"]],
    [1_852 / 3_600, 0, ["kn", "kt", "kts", "[kn_i]"]],
    [0.3048, 0, ["ft/s", "[ft_i]/s"]],
  ],
  length: [
    [1, 0, ["m"]],
    [1_000, 0, ["km"]],
    [0.01, 0, ["cm"]],
    [0.001, 0, ["mm"]],
    [0.0254, 0, ["in", "inch", "[in_i]"]],
    [0.3048, 0, ["ft", "[ft_i]"]],
    [1_609.344, 0, ["mi", "mile", "[mi_i]"]],
  ],
  angle: [[1, 0, ["°", "deg", "degrees"]], [180 / Math.PI, 0, ["rad"]]],
};
const DIGITS = 1e9; // the noise of binary fractions lies below, what can be measured above
const KNOWN = new Map(
  Object.entries(SCALES).flatMap(([kind, scales]) =>
    scales.flatMap(([factor, offset, names]) => names.map((name) => [name, { kind, factor, offset }]))),
);

// "temperature", "share", "pressure", "speed", "length" or "angle"; null for a unit that is not known.
export function kindOf(unit) {
  return KNOWN.get(unit)?.kind ?? null;
}

// The value in the unit `wanted`; null where a unit is not known, or the two are of different kinds.
export function converted(value, unit, wanted) {
  if (unit === wanted) return value;
  const [from, to] = [KNOWN.get(unit), KNOWN.get(wanted)];
  if (!from || !to || from.kind !== to.kind) return null;
  return Math.round(((value * from.factor + from.offset - to.offset) / to.factor) * DIGITS) / DIGITS;
}
