// Elements, made and changed. What is shown is always text, never markup.

// el("button", { class: "quiet", onclick: save, disabled: false }, "Save"): attributes, listeners (on…) and children;
// an attribute that is null or false is left out, true is an empty one.
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") made.style.cssText = value; // as an attribute the page's policy forbids it
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Nothing is painted anew where nothing is new.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// The same with texts and elements.
export function fill(node, parts) {
  if (node.textContent !== parts.map((part) => part.textContent ?? part).join("")) node.replaceChildren(...parts);
}

export function mark(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : value);
}
