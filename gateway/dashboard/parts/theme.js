// The theme: the system's, or what the viewer has chosen; the browser's own bars take its colour.

export const THEMES = ["system", "light", "dark"];

export class Theme {
  // `surface` is the element whose background stands next to the browser's bars.
  constructor(preferences, surface, page = globalThis) {
    this.root = page.document.documentElement;
    this.surface = surface;
    this.page = page;
    this.meta = page.document.querySelector("meta[name=theme-color]");
    preferences.listen("theme", (theme) => this.show(theme));
    page.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.tint());
    this.show(preferences.get("theme"));
  }

  show(theme) {
    if (theme === "light" || theme === "dark") this.root.dataset.theme = theme;
    else delete this.root.dataset.theme;
    this.tint();
  }

  tint() {
    this.meta.content = this.page.getComputedStyle(this.surface).backgroundColor;
  }
}
