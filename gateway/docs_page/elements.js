// HTML out of words that are never taken for HTML.

export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// What stands between `backticks` is code.
export function text(words = "") {
  const made = document.createDocumentFragment();
  words.split("`").forEach((part, number) => made.append(number % 2 ? element("code", {}, part) : part));
  return made;
}

export function described(words) {
  return words ? [element("p", {}, text(words))] : [];
}
