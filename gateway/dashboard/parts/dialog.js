// A question to the viewer, over the page: a title, fields, and what is done with them.

import { el } from "./dom.js";

// `done()` is called when it is confirmed; what it throws as an Error with a `told` is shown, and the dialog stays. `aside`:
// other buttons. Returns the dialog, which is gone once it is closed.
export function openDialog({ title, body, ok = null, cancel, done = () => {}, aside = [], name = "" }) {
  const heading = el("h2", { id: "dialog-title" }, title);
  const wrong = el("p", { class: "wrong", role: "alert" });
  const buttons = el(
    "p",
    { class: "buttons" },
    ...aside,
    el("span", { class: "space" }),
    el("button", { type: "button", onclick: () => dialog.close() }, cancel),
    ok && el("button", { type: "submit", class: "primary" }, ok),
  );
  const form = el("form", { method: "dialog" }, heading, ...body, wrong, buttons);
  const dialog = el("dialog", { "aria-labelledby": "dialog-title", "data-name": name }, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      done();
      dialog.close();
    } catch (error) {
      if (!error.told) throw error;
      wrong.textContent = error.told;
    }
  });
  const notice = document.getElementById("notice");
  const leave = () => dialog.close();
  globalThis.addEventListener("hashchange", leave); // it is about what was shown
  dialog.addEventListener("close", () => {
    globalThis.removeEventListener("hashchange", leave);
    if (notice && dialog.contains(notice)) (document.querySelector("dialog[open]") ?? document.body).append(notice);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  if (notice) dialog.append(notice); // what lies behind a dialog is neither announced nor can it be pressed
  return dialog;
}

// A field with its name above it.
export function field(name, control) {
  return el("label", { class: "field" }, el("span", {}, name), control);
}

// `choices`: [[value, text], …].
export function select(choices, chosen, attributes = {}) {
  const options = choices.map(([value, text]) => el("option", { value, selected: value === chosen }, text));
  return el("select", attributes, ...options);
}
