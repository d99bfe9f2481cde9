// A question to the viewer, over the page: a title, fields, and what is done with them.

import { el, mark } from "./dom.js";

// `done()` is called when it is confirmed; what it throws as an Error with a `told` is shown, and the dialog stays; `fieldOf`
// says which field an error is about, or null. `aside`: other buttons. `first` gets the focus, else the first field does;
// what had it gets it back. Returns the dialog, which is gone once it is closed.
export function openDialog({ title, body, ok = null, cancel, done = () => {}, aside = [], name = "", first = null, fieldOf = () => null }) {
  const heading = el("h2", { id: "dialog-title" }, title);
  const wrong = el("p", { id: "dialog-wrong", class: "error", role: "alert" });
  const buttons = el(
    "p",
    { class: "actions" },
    ...aside,
    el("span", { class: "space" }),
    el("button", { type: "button", onclick: () => dialog.close() }, cancel),
    ok && el("button", { type: "submit", class: "primary" }, ok),
  );
  const form = el("form", { method: "dialog", class: "stack" }, heading, ...body, wrong, buttons);
  const dialog = el("dialog", { "aria-labelledby": "dialog-title", "data-name": name }, form);
  let blamed = null;
  const blame = (control) => {
    for (const [attribute, value] of [["aria-invalid", "true"], ["aria-describedby", wrong.id]]) {
      if (blamed) mark(blamed, attribute, null);
      if (control) mark(control, attribute, value);
    }
    blamed = control;
  };
  form.addEventListener("input", () => {
    blame(null);
    wrong.textContent = "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      done();
      dialog.close();
    } catch (error) {
      if (!error.told) throw error;
      wrong.textContent = error.told;
      blame(fieldOf(error));
      blamed?.focus();
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
  // A menu closes, and what opened the menu gets the focus: it is still there when the dialog closes.
  document.activeElement?.closest("[popover]")?.hidePopover();
  dialog.showModal();
  if (notice) dialog.append(notice); // what lies behind a dialog is neither announced nor can it be pressed
  first?.focus();
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
