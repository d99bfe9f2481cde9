// Numbers as a viewer types them, in the locale of the page: "1.234,5" where a comma stands before decimals. A field of
// type "number" would go by the language of the browser, and drop what that does not know.

const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

// What stands between thousands and before decimals.
function marksOf(locale) {
  const parts = new Intl.NumberFormat(locale, { useGrouping: true }).formatToParts(-1_234_567.5);
  const mark = (type, other) => parts.find((part) => part.type === type)?.value ?? other;
  return { group: mark("group", ""), decimal: mark("decimal", ".") };
}

// The number that `text` says; NaN if it says none. A point before decimals is understood in each locale, unless it may be
// one between thousands.
export function typedNumber(text, locale) {
  const { group, decimal } = marksOf(locale);
  // Some of the marks are on no keyboard.
  const said = text.trim().replace("−", "-").replace(/\s/g, /\s/.test(group) ? group : "$&").replace(/['’]/g, /['’]/.test(group) ? group : "$&");
  const [whole, ...rest] = said.split(decimal);
  const thousands = group && whole.includes(group) ? whole.split(group) : [whole];
  const grouped = thousands.slice(1).every((three) => /^\d{3}$/.test(three)) && /^[+-]?\d{1,3}$/.test(thousands[0]);
  const plain = thousands.length === 1 || grouped ? [thousands.join(""), ...rest].join(".") : said;
  return PLAIN.test(plain) ? Number(plain) : NaN;
}

// `number` as it is typed, exactly.
export function numberToType(number, locale) {
  return String(number).replace(".", marksOf(locale).decimal);
}
