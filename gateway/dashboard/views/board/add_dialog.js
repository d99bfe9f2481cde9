// What could be put on a board: devices and places by name, and what they tell.

import { WINDOWS } from "../../live/windows.js";
import { tell } from "../../boards/words.js";
import { unitText } from "../../live/format.js";
import { field, openDialog, select } from "../../parts/dialog.js";
import { el, mark } from "../../parts/dom.js";
import { tellWhy } from "../../parts/server_words.js";

const MOST_FOUND = 20;
const PAUSE_MS = 200; // in typing

// `add(item)` is called for each that the viewer chose; it may throw a BoardError.
export function openAddDialog(context, add) {
  return new AddDialog(context, add).dialog;
}

class AddDialog {
  constructor(context, add) {
    this.context = context;
    this.words = context.texts.board;
    this.chosen = null; // {topic, name, latest}
    this.places = [];
    this.search = el("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    this.found = el("ul", { class: "found plain", "aria-label": this.words.found });
    this.note = el("p", { class: "muted", role: "status" });
    this.metrics = el("fieldset", { class: "metrics" });
    this.kind = select(Object.entries(this.words.kinds), "value");
    this.window = select(WINDOWS.map((each) => [each, each]), "1h");
    this.compare = select([], "");
    this.windowField = field(this.words.window, this.window);
    this.compareField = field(this.words.compare, this.compare);
    this.search.addEventListener("input", () => this.typed());
    this.kind.addEventListener("change", () => this.showFields());
    this.showMetrics();
    this.dialog = openDialog({
      title: this.words.add,
      name: "add",
      body: [
        el("div", { class: "columns" },
          el("div", { class: "stack" }, field(this.words.search, this.search), this.found, this.note),
          el("div", { class: "stack" }, this.metrics, el("div", { class: "pair" }, field(this.words.as, this.kind), this.windowField, this.compareField))),
      ],
      ok: this.words.add,
      cancel: this.words.cancel,
      done: () => tell(context.texts, () => this.items().forEach(add)),
    });
    this.dialog.addEventListener("close", () => clearTimeout(this.pause));
    this.load();
  }

  typed() {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.load(), PAUSE_MS);
  }

  // One answer counts, that to the last question.
  async load() {
    const asked = (this.asked = this.search.value.trim());
    const read = (path) => this.context.access.json(path);
    const query = new URLSearchParams({ prefix: asked, limit: MOST_FOUND });
    const [devices, places] = await Promise.allSettled([read(`/api/devices?${query}`), read("/api/places")]);
    if (asked !== this.asked || !this.dialog.open) return;
    this.places = places.value?.places ?? [];
    const words = asked.toLocaleLowerCase();
    const named = this.places.filter(({ place, name }) => `${place} ${name}`.toLocaleLowerCase().includes(words));
    const rows = [
      ...(devices.value?.devices ?? []).map(({ device, latest }) => ({ topic: `device:${device}`, name: device, latest })),
      ...named.slice(0, MOST_FOUND).map(({ place, name }) => ({ topic: `weather:${place}`, name, place, latest: null })),
    ];
    this.found.replaceChildren(...rows.map((row) => el("li", {}, this.rowButton(row))));
    const failed = devices.reason ?? places.reason;
    if (failed) this.tellUnread(failed);
    else this.note.textContent = this.noteOf(rows, Boolean(devices.value?.next));
  }

  tellUnread(error) {
    tellWhy(this.note, this.words.not_read, error, this.context.texts);
  }

  noteOf(rows, more) {
    if (more) return this.words.more;
    return rows.length === 0 ? this.words.nothing_found : "";
  }

  rowButton(row) {
    const kind = row.place ? el("span", { class: "muted" }, this.words.place) : null;
    const button = el("button", { type: "button", "aria-pressed": String(this.chosen?.topic === row.topic) }, el("span", {}, row.name), kind);
    button.addEventListener("click", () => {
      for (const each of this.found.querySelectorAll("button")) mark(each, "aria-pressed", String(each === button));
      this.choose(row);
    });
    return button;
  }

  async choose(row) {
    this.chosen = row;
    if (row.latest === null) {
      try {
        const told = await this.context.access.json(`/api/places/${encodeURIComponent(row.place)}`);
        row.latest = told.latest?.latest ?? {};
      } catch (error) {
        row.latest = {};
        if (this.chosen === row) this.tellUnread(error);
      }
    }
    if (this.chosen === row) this.showMetrics();
  }

  showMetrics() {
    const { format } = this.context;
    const legend = el("legend", {}, this.chosen ? `${this.words.metrics}: ${this.chosen.name}` : this.words.metrics);
    const rows = Object.entries(this.chosen?.latest ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)).map(([metric, { value, unit }]) => {
      const told = `${format.value(value)} ${unitText(unit)}`;
      return el("label", { class: "check" }, el("input", { type: "checkbox", value: metric }), el("span", {}, metric), el("span", { class: "muted" }, told));
    });
    const hint = this.chosen ? this.words.no_metrics : this.words.choose_metrics;
    this.metrics.replaceChildren(legend, ...(rows.length > 0 ? rows : [el("p", { class: "muted" }, hint)]));
    const places = this.places.map(({ place, name }) => el("option", { value: place }, name));
    this.compare.replaceChildren(el("option", { value: "" }, this.words.no_compare), ...places);
    this.showFields();
  }

  showFields() {
    const chart = this.kind.value === "chart";
    this.windowField.hidden = !chart;
    this.compareField.hidden = chart || !this.chosen || Boolean(this.chosen.place) || this.places.length === 0;
  }

  items() {
    const kind = this.kind.value;
    const metrics = [...this.metrics.querySelectorAll("input:checked")].map(({ value }) => value);
    if (metrics.length === 0) throw Object.assign(new Error("no metric"), { told: this.words.choose_metrics });
    const place = this.compareField.hidden ? "" : this.compare.value;
    return metrics.map((metric) => {
      if (place) return { kind, topic: `compare:${this.chosen.name}:${place}/${metric}`, metric: null };
      return { kind, topic: this.chosen.topic, metric, device: null, window: kind === "chart" ? this.window.value : null };
    });
  }
}
