// Numbers, units and ages as the viewer's language writes them.

import { textsOf } from "./texts.js";

const UNITS = new Map([
  ["Cel", "°C"], ["[degF]", "°F"], ["K", "K"], ["deg", "°"], ["%RH", "%"], ["[in_i]", "in"], ["[mi_i]/h", "mph"],
  ["m2", "m²"], ["m3", "m³"], ["Ohm", "Ω"], ["ug/m3", "µg/m³"], ["[ppm]", "ppm"], ["[ppb]", "ppb"], ["lx", "lx"],
]);
// Larger and smaller numbers are shown with an exponent.
const LARGEST_PLAIN = 1e12;
const SMALLEST_PLAIN = 1e-6;

// How a unit of UCUM or SenML is shown.
export function unitText(unit) {
  return UNITS.get(unit) ?? unit ?? "";
}

export class Format {
  // `locale`: a BCP 47 tag, or undefined for the viewer's own; `decimals`: exactly so many, or null for up to three.
  constructor(locale, decimals = null) {
    this.locale = known(locale);
    const digits = decimals === null
      ? { maximumFractionDigits: 3 }
      : { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    this.plain = new Intl.NumberFormat(this.locale, digits);
    const significant = decimals === null ? 4 : Math.min(21, decimals + 1);
    this.tiny = new Intl.NumberFormat(this.locale, { notation: "scientific", maximumSignificantDigits: significant });
    this.ages = new Intl.RelativeTimeFormat(this.locale, { style: "narrow", numeric: "always" });
    this.times = new Map(); // by their options
    this.texts = textsOf(this.plain.resolvedOptions().locale);
  }

  value(value) {
    if (typeof value === "boolean") return value ? this.texts.on : this.texts.off;
    if (typeof value !== "number") return String(value);
    const size = Math.abs(value);
    const plain = size === 0 || (size >= SMALLEST_PLAIN && size < LARGEST_PLAIN);
    return (plain ? this.plain : this.tiny).format(value);
  }

  age(ms) {
    const seconds = Math.round(ms / 1000);
    if (seconds < 60) return this.ages.format(-seconds, "second");
    if (seconds < 3_600) return this.ages.format(-Math.floor(seconds / 60), "minute");
    if (seconds < 172_800) return this.ages.format(-Math.floor(seconds / 3_600), "hour");
    return this.ages.format(-Math.floor(seconds / 86_400), "day");
  }

  time(ms, options = { dateStyle: "short", timeStyle: "medium" }) {
    const key = JSON.stringify(options);
    // To make one takes longer than to use it a hundred times.
    if (!this.times.has(key)) this.times.set(key, new Intl.DateTimeFormat(this.locale, options));
    return this.times.get(key).format(ms);
  }
}

function known(locale) {
  try {
    return locale ? Intl.getCanonicalLocales(locale)[0] : undefined;
  } catch {
    return undefined;
  }
}
