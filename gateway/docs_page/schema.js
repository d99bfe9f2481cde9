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

// Something or null is one thing that may be missing, not two things.
function plain(document, part) {
  const named = part.$ref?.split("/").pop();
  const one = named ? document.components.schemas[named] : part;
  const others = one.anyOf?.filter((each) => each.type !== "null") ?? [];
  if (others.length !== 1) return { one, named, or: "" };
  const [inner] = others;
  const found = inner.$ref ? document.components.schemas[inner.$ref.split("/").pop()] : inner;
  return { one: { ...found, description: one.description ?? found.description }, named, or: " or null" };
}

function line(name, one, or, required) {
  const made = document.createDocumentFragment();
  if (name) made.append(element("code", {}, name), required ? " (required) " : " ");
  made.append(element("span", { class: "type" }, typeOf(one) + or));
  for (const [key, words] of Object.entries(BOUNDS)) {
    const shown = key in one && one[key] !== null && (typeof one[key] !== "number" || Math.abs(one[key]) < 2 ** 53);
    if (shown) made.append(", ", words, " ", element("code", {}, String(one[key])));
  }
  if (one.description) made.append(": ", text(one.description));
  return made;
}

export function schema(document, shape) {
  const item = (name, part, required, deep, seen) => {
    const { one, named, or } = plain(document, part);
    const made = element("li", {}, line(name, one, or, required));
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
