// Numbers, units and ages as the viewer's language writes them.

import { languageOf, textsOf } from "./texts.js";

const UNITS = new Map([
  ["Cel", "°C"], ["[degF]", "°F"], ["K", "K"], ["deg", "°"], ["%RH", "%"], ["[in_i]", "in"], ["[mi_i]/h", "mph"],
  ["m2", "m²"], ["m3", "m³"], ["Ohm", "Ω"], ["ug/m3", "µg/m³"], ["[ppm]", "ppm"], ["[ppb]", "ppb"], ["lx", "lx"],
]);
// Larger and smaller numbers are shown with an exponent.
const LARGEST_PLAIN = 1e12;
const SMALLEST_PLAIN = 1e-6;
const MOST_DECIMALS = 12;
const RESOLUTION = 1e-3; // of numbers with up to three decimals
const SIGN = { signDisplay: "negative" }; // "-0" says nothing

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
    this.plain = new Intl.NumberFormat(this.locale, { ...digits, ...SIGN });
    this.small = decimals === null ? new Intl.NumberFormat(this.locale, { maximumSignificantDigits: 3 }) : this.plain;
    const significant = decimals === null ? 4 : Math.min(21, decimals + 1);
    this.tiny = new Intl.NumberFormat(this.locale, { notation: "scientific", maximumSignificantDigits: significant });
    this.language = languageOf(this.plain.resolvedOptions().locale);
    // The narrow ages of most languages can be misread: "18 m" as metres, "-18 min" as a negative number.
    const style = new Intl.Locale(this.plain.resolvedOptions().locale).language === "en" ? "narrow" : "short";
    this.ages = new Intl.RelativeTimeFormat(this.locale, { style, numeric: "always" });
    this.texts = textsOf(this.language);
    this.names = new Intl.Collator(this.locale, { numeric: true, sensitivity: "base" });
    this.times = new Map(); // by their options
  }

  value(value) {
    if (typeof value === "boolean") return value ? this.texts.on : this.texts.off;
    if (typeof value !== "number") return String(value);
    const size = Math.abs(value);
    if (size !== 0 && (size < SMALLEST_PLAIN || size >= LARGEST_PLAIN)) return this.tiny.format(value);
    return (size !== 0 && size < RESOLUTION ? this.small : this.plain).format(value);
  }

  // A number for a sentence: it is written as the locale does, and still known to be one or many.
  count(number) {
    return { valueOf: () => number, toString: () => this.value(number) };
  }

  // With a plus where there is more.
  difference(value) {
    return typeof value === "number" && value > 0 ? `+${this.value(value)}` : this.value(value);
  }

  // The numbers of an axis, all with the decimals that steps of `step` need.
  step(value, step) {
    if (Math.abs(value) >= LARGEST_PLAIN) return this.tiny.format(value);
    let decimals = 0;
    while (decimals < MOST_DECIMALS && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals++;
    this.steps ??= new Map();
    if (!this.steps.has(decimals)) {
      const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals, ...SIGN };
      this.steps.set(decimals, new Intl.NumberFormat(this.locale, digits));
    }
    return this.steps.get(decimals).format(value);
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

  // From and to, as short as it is clear.
  span(fromMs, toMs) {
    const seconds = toMs - fromMs <= 600_000 ? { second: "2-digit" } : {};
    const options = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", ...seconds };
    return new Intl.DateTimeFormat(this.locale, options).formatRange(fromMs, toMs);
  }
}

function known(locale) {
  try {
    return locale ? Intl.getCanonicalLocales(locale)[0] : undefined;
  } catch {
    return undefined;
  }
}
