// Small drawings in the colour of the text, 24 by 24, of strokes.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  bell: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4",
  closer: "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16 16l5 5M8 11h6M11 8v6",
  close: "M6 6l12 12M18 6L6 18",
  more: "M4 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0M18 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0",
  earlier: "M15 5l-7 7 7 7",
  later: "M9 5l7 7-7 7",
  pin: "M9 3h6l-1 7 4 4H6l4-4zM12 14v7",
  wider: "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16 16l5 5M8 11h6",
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
