// Small drawings in the colour of the text, 24 by 24, of strokes.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  bell: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4",
  close: "M6 6l12 12M18 6L6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  pin: "M9 3h6l-1 7 4 4H6l4-4zM12 14v7",
  sort: "M7 4v16M7 20l-3-3M7 20l3-3M13 6h8M13 12h6M13 18h4",
};

// It says nothing by itself: what it is on has a name.
export function icon(name) {
  const made = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  for (const [attribute, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"]]) {
    made.setAttribute(attribute, value);
  }
  made.append(path);
  return made;
}
