// <windsock-value topic="device:greenhouse-7" metric="temperature">: label, value, unit, and how fresh it is. Of
// topic="compare:greenhouse-7:berlin" also what it is outside, and the difference.

import { write } from "../parts/dom.js";
import { Beside } from "./beside.js";
import { WindsockElement, part } from "./element.js";

const WINDOW_MS = 900_000;

export class WindsockValue extends WindsockElement {
  points = 60; // to learn how often a reading comes

  build(root) {
    this.parts = {
      label: part("span", "label"),
      value: part("span", "value"),
      unit: part("span", "unit"),
      state: part("span", "state"),
      age: part("span", "age"),
    };
    this.beside = new Beside();
    this.parts.state.setAttribute("role", "status");
    const figure = part("span", "figure");
    figure.append(this.parts.value, " ", this.parts.unit);
    const note = part("span", "note");
    note.append(this.parts.state, " ", this.parts.age);
    root.append(this.parts.label, " ", figure, " ", this.beside.shown, note);
  }

  wantedWindow() {
    return WINDOW_MS;
  }

  load() {}

  add() {}

  draw({ reason, ageMs }) {
    write(this.parts.label, this.label);
    const shown = this.source?.metric === "difference" ? "difference" : "value";
    write(this.parts.value, this.newest ? this.format[shown](this.newest.value) : "–");
    write(this.parts.unit, this.newest ? this.unit : "");
    const compared = this.source?.compared;
    const ofWeather = compared && (compared.all || this.source.metric !== "inside");
    this.beside.show(ofWeather ? this.comparison : null, this.format, compared?.all);
    write(this.parts.state, reason);
    write(this.parts.age, ageMs === null ? "" : this.format.age(ageMs));
  }
}
