// Before anything is painted: the theme that the viewer has chosen (parts/theme.js changes it later).

try {
  const chosen = JSON.parse(localStorage.getItem("windsock.theme"));
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Kept nowhere, or not readable: the system's.
}
