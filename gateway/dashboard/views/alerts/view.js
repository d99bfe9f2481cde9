import { el } from "../../parts/dom.js";

export class AlertsView {
  constructor(context, route) {
    this.context = context;
    this.route = route;
  }

  get title() {
    return this.context.texts.views.alerts;
  }

  open(place) {
    place.append(el("h2", {}, this.title));
  }

  changed(route) {
    this.route = route;
  }

  close() {}
}
