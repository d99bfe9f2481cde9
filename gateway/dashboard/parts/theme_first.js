// Before any module: the theme that the viewer has chosen (parts/theme.js changes it later), and what to do without them.

try {
  const chosen = JSON.parse(localStorage.getItem("windsock.theme"));
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Kept nowhere, or not readable: the system's.
}

// The modules may be those of another version, or not to be had: index.html says so then.
addEventListener("error", ({ target }) => {
  if (target.localName !== "script") return;
  const tell = () => {
    const place = document.getElementById("unloaded");
    if (!place) return; // there is a view
    place.hidden = false;
    place.querySelector("button").addEventListener("click", () => location.reload());
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", tell);
  else tell();
}, true);
