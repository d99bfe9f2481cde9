// Small drawings in the colour of the text, 24 by 24, of strokes.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  bell: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4",
  close: "M6 6l12 12M18 6L6 18",
  edit: "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
  grip: "M9 5v.01M15 5v.01M9 12v.01M15 12v.01M9 19v.01M15 19v.01",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  pin: "M9 3h6l-1 7 4 4H6l4-4zM12 14v7",
  plus: "M12 5v14M5 12h14",
  screen: "M3 5h18v12H3zM8 21h8M12 17v4",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  undo: "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-4",
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
