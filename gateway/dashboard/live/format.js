// Numbers, units and ages as the viewer's language writes them.

import { languageOf, textsOf } from "./texts.js";

const UNITS = new Map([
  ["Cel", "°C"], ["[degF]", "°F"], ["K", "K"], ["deg", "°"], ["%RH", "%"], ["[in_i]", "in"], ["[mi_i]/h", "mph"],
  ["m2", "m²"], ["m3", "m³"], ["Ohm", "Ω"], ["ug/m3", "µg/m³"], ["[ppm]", "ppm"], ["[ppb]", "ppb"], ["lx", "lx"],
]);
// Larger and smaller numbers are shown with an exponent. Up to 2^53 every step of a counter is seen.
const LARGEST_PLAIN = 2 ** 53;
const HUGE_DIGITS = 15;
const LEAST_OF_STEP = 1e-3; // what is less of a step is the noise of binary fractions
const SMALLEST_PLAIN = 1e-6;
const MOST_DECIMALS = 20;
const RESOLUTION = 1e-3; // of numbers with up to three decimals
const SIGN = { signDisplay: "negative" }; // "-0" says nothing

// How a unit of UCUM or SenML is shown.
export function unitText(unit) {
  return UNITS.get(unit) ?? unit ?? "";
}

// How a metric is called: only an underscore between two words is a space, so that "_a" does not look like "a".
export function metricText(metric) {
  return metric.replace(/(?<=[\p{L}\p{N}])_(?=[\p{L}\p{N}])/gu, " ");
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
    const digitsOfHuge = decimals === null ? HUGE_DIGITS : significant;
    this.huge = new Intl.NumberFormat(this.locale, { notation: "scientific", maximumSignificantDigits: digitsOfHuge });
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
    if (size !== 0 && size < SMALLEST_PLAIN) return this.tiny.format(value);
    if (size > LARGEST_PLAIN) return this.huge.format(value);
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
    const size = Math.abs(value);
    const small = step < SMALLEST_PLAIN && size < RESOLUTION;
    if (small && size < step * LEAST_OF_STEP) return this.plain.format(0);
    if (small || size > LARGEST_PLAIN) {
      // Steps are 1, 2, 2.5 or 5 of a power of ten.
      const digits = Math.floor(Math.log10(size)) - Math.floor(Math.log10(step)) + 2;
      const asked = { notation: "scientific", maximumSignificantDigits: Math.min(16, Math.max(1, digits)) };
      return this.stepsWith(asked).format(value);
    }
    let decimals = 0;
    while (decimals < MOST_DECIMALS && !isWhole(step * 10 ** decimals)) decimals++;
    return this.stepsWith({ minimumFractionDigits: decimals, maximumFractionDigits: decimals, ...SIGN }).format(value);
  }

  stepsWith(digits) {
    this.steps ??= new Map();
    const key = JSON.stringify(digits);
    if (!this.steps.has(key)) this.steps.set(key, new Intl.NumberFormat(this.locale, digits));
    return this.steps.get(key);
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

// But for the noise of binary fractions.
function isWhole(number) {
  return Math.abs(number - Math.round(number)) <= number * 1e-6;
}

function known(locale) {
  try {
    return locale ? Intl.getCanonicalLocales(locale)[0] : undefined;
  } catch {
    return undefined;
  }
}
