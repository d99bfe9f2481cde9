// A JSON schema as a list: names, types, bounds, meanings. What is defined elsewhere is shown in its place.

import { element, text } from "/docs/elements.js";

const BOUNDS = {
  minimum: "at least", maximum: "at most", minLength: "characters at least", maxLength: "characters at most",
  minItems: "items at least", maxItems: "items at most", minProperties: "members at least",
  maxProperties: "members at most", pattern: "matches", default: "if left out",
};
const DEEPEST = 8;

function typeOf(one) {
  if ("const" in one) return JSON.stringify(one.const);
  if (one.enum) return one.enum.map((each) => JSON.stringify(each)).join(" | ");
  if (one.anyOf) return "one of";
  const type = Array.isArray(one.type) ? one.type.join(" | ") : one.type ?? "anything";
  return one.format ? `${type} (${one.format})` : type;
}

function line(name, one, required) {
  const made = document.createDocumentFragment();
  if (name) made.append(element("code", {}, name), required ? " (required) " : " ");
  made.append(element("span", { class: "type" }, typeOf(one)));
  for (const [key, words] of Object.entries(BOUNDS)) {
    if (key in one && one[key] !== null) made.append(", ", words, " ", element("code", {}, String(one[key])));
  }
  if (one.description) made.append(": ", text(one.description));
  return made;
}

export function schema(document, shape) {
  const item = (name, part, required, deep, seen) => {
    const named = part.$ref?.split("/").pop();
    const one = part.$ref ? document.components.schemas[named] : part;
    const made = element("li", {}, line(name, one, required));
    if (deep >= DEEPEST || seen.includes(named)) return made;
    const within = named ? [...seen, named] : seen;
    const needed = one.required ?? [];
    const children = [
      ...Object.entries(one.properties ?? {}).map(([key, each]) => item(key, each, needed.includes(key), deep + 1, within)),
      ...(typeof one.additionalProperties === "object" ? [item("…", one.additionalProperties, false, deep + 1, within)] : []),
      ...(one.items ? [item("", one.items, false, deep + 1, within)] : []),
      ...(one.anyOf ?? []).map((each) => item("", each, false, deep + 1, within)),
    ];
    if (children.length) made.append(element("ul", {}, ...children));
    return made;
  };
  return element("ul", { class: "schema" }, item("", shape, false, 0, []));
}
