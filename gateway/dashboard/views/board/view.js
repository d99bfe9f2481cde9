import { el } from "../../parts/dom.js";

export class BoardView {
  constructor(context, route) {
    this.context = context;
    this.route = route;
  }

  get title() {
    return this.context.texts.views.board;
  }

  open(place) {
    place.append(el("h2", {}, this.title));
  }

  changed(route) {
    this.route = route;
  }

  close() {}
}
