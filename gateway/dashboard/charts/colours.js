// Custom properties as colours that a canvas knows: light-dark() and the like are worked out by the browser.

const KNOWN_MS = 1_000;

export class Colours {
  // Calls `changed()` when the theme is another one.
  constructor(place, changed) {
    this.place = place;
    this.known = new Map();
    this.asked = 0;
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.renew = () => {
      this.known.clear();
      changed();
    };
    this.observer = new MutationObserver(this.renew);
  }

  open() {
    this.dark.addEventListener("change", this.renew);
    this.observer.observe(document.documentElement, { attributes: true });
  }

  close() {
    this.dark.removeEventListener("change", this.renew);
    this.observer.disconnect();
  }

  // A page may change its styles at any time: what is known is asked anew after a while.
  of(name) {
    const now = performance.now();
    if (now - this.asked > KNOWN_MS) {
      this.known.clear();
      this.asked = now;
    }
    if (!this.known.has(name)) this.known.set(name, this.probe(name));
    return this.known.get(name);
  }

  probe(name) {
    this.tester ??= this.place.appendChild(document.createElement("i"));
    this.tester.hidden = true;
    this.tester.style.color = `var(${name})`;
    return getComputedStyle(this.tester).color;
  }
}
