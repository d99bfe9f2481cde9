// A board on a wall that has no room for all of it is shown page by page. All lengths are pixels.

// How high its rows are: as many as there is room for, none of them lower than `least` and none cut off at the end of a page.
export function rowHeight({ height, gap, least }) {
  const rows = Math.max(1, Math.floor((height + gap) / (least + gap)));
  return Math.max(least, (height - (rows - 1) * gap) / rows);
}

// Where the page after that at `top` begins: at the first item that is not seen whole, or that begins there if it is larger
// than a page. Null if that was the last. `items`: [{top, bottom}, …].
export function nextPage(items, { top, height }) {
  const end = top + height + 1; // rounded
  const cut = items.filter(({ bottom }) => bottom > end).map((item) => item.top);
  if (cut.length === 0) return null;
  const next = Math.min(...cut);
  return next > top + 1 ? next : top + height;
}
