// What is looked at stays where it is when something above it grows or shrinks. Browsers see to that by themselves, but
// not for a list whose rows come and go as one scrolls (overflow-anchor is off for this view).

// `list` is moved by the heights of all that stands above it in the page, the banner as well; once it begins above the view,
// the view moves along. Returns what ends it.
export function steady(list) {
  const place = () => list.getBoundingClientRect().top + scrollY;
  let from = place();
  const observer = new ResizeObserver(() => {
    const moved = place() - from;
    from += moved;
    if (from - moved < scrollY) scrollBy(0, moved);
  });
  for (const one of above(list)) observer.observe(one);
  return () => observer.disconnect();
}

function* above(node) {
  for (let one = node; one && one !== document.body; one = one.parentElement) {
    for (let before = one.previousElementSibling; before; before = before.previousElementSibling) yield before;
  }
}
