// A button that saves all readings of what is shown as a CSV file.

import { el, write } from "../../parts/dom.js";
import { tellWhy } from "../../parts/server_words.js";
import { csvOf, fileName } from "./csv.js";
import { parsed } from "./exact.js";
import { readHistory } from "./history.js";

const MOST = 100_000;

export class Download {
  // `span()`: what is to be saved.
  constructor(context, device, topic, span) {
    Object.assign(this, { context, device, topic, span, asked: null });
    this.texts = context.texts.device_view;
    this.button = el("button", { type: "button", onclick: () => this.press() }, this.texts.csv);
    this.told = el("span", { class: "muted", role: "status" });
    this.element = el("span", { class: "download" }, this.button, this.told);
  }

  press() {
    if (this.asked) this.asked.abort();
    else this.run();
  }

  async run() {
    const mine = (this.asked = new AbortController());
    const { format, access } = this.context;
    const span = this.span();
    write(this.button, this.texts.cancel);
    write(this.told, this.texts.loaded(format.count(0)));
    try {
      const { readings, cut } = await readHistory((path) => access.json(path, { signal: mine.signal, parse: parsed }), this.topic, span, {
        most: MOST,
        progress: (count) => write(this.told, this.texts.loaded(format.count(count))),
      });
      save(new Blob(csvOf(readings), { type: "text/csv;charset=utf-8" }), fileName(this.device, span));
      write(this.told, (cut ? this.texts.saved_part : this.texts.saved)(format.count(readings.length)));
    } catch (error) {
      if (mine.signal.aborted) write(this.told, this.texts.cancelled);
      else tellWhy(this.told, this.texts.not_saved, error, this.context.texts);
    } finally {
      this.asked = null;
      write(this.button, this.texts.csv);
    }
  }

  close() {
    this.asked?.abort();
  }
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
