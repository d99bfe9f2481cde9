// Small drawings in the colour of the text, 24 by 24, of strokes.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  add: "M12 5v14M5 12h14",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4",
  board: "M4 5h7v8H4zM13 5h7v5h-7zM13 12h7v7h-7zM4 15h7v4H4z",
  chart: "M4 4v16h16M7 15l4-5 4 3 5-7",
  close: "M6 6l12 12M18 6L6 18",
  closer: "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16 16l5 5M8 11h6M11 8v6",
  devices: "M4 7h7v10H4zM14 4h6v6h-6zM14 13h6v7h-6zM6.5 14h2",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  earlier: "M15 5l-7 7 7 7",
  edit: "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
  gear: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M9 14.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5",
  grip: "M9 5v.01M15 5v.01M9 12v.01M15 12v.01M9 19v.01M15 19v.01",
  later: "M9 5l7 7-7 7",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  more: "M4 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0M18 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0",
  pin: "M9 3h6l-1 7 4 4H6l4-4zM12 14v7",
  screen: "M3 5h18v12H3zM8 21h8M12 17v4",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M15.5 15.5L21 21",
  sort: "M7 4v16M7 20l-3-3M7 20l3-3M13 6h8M13 12h6M13 18h4",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  undo: "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-4",
  weather: "M7 18h10a4 4 0 0 0 .6-7.95A6 6 0 0 0 6.1 11 3.6 3.6 0 0 0 7 18z",
  wider: "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16 16l5 5M8 11h6",
  windsock: "M4 3v18M4 5l15 2.5v4L4 14M9.5 6v7M14.5 6.8v5.3",
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
