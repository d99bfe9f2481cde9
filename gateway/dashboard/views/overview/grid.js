// Which part of a long list of tiles is near the view: rows of one height, as many columns as there is room for.

const NEAR = 0.5; // of a screen above and below

export function columnsOf(width, least, gap) {
  return Math.max(1, Math.floor((width + gap) / (least + gap)));
}

export function heightOf(count, { columns, row, gap }) {
  const rows = Math.ceil(count / columns);
  return rows ? rows * (row + gap) - gap : 0;
}

// `top`: how far the view's upper edge is below that of the list (negative while the list begins lower). Returns the
// tiles near the view, [from, to), and those of them that are in it, [first, last).
export function near(count, top, height, { columns, row, gap }) {
  const step = row + gap;
  const at = (pixels) => Math.min(count, Math.max(0, pixels) * columns);
  const [above, below] = [top - height * NEAR, top + height * (1 + NEAR)];
  return {
    from: at(Math.floor(above / step)),
    to: at(Math.ceil(below / step)),
    first: at(Math.floor((top + gap) / step)),
    last: at(Math.ceil((top + height) / step)),
  };
}

// Where a tile stands, in pixels.
export function placeOf(at, { columns, row, gap, width }) {
  const wide = (width - (columns - 1) * gap) / columns;
  return { left: (at % columns) * (wide + gap), top: Math.floor(at / columns) * (row + gap), width: wide };
}
