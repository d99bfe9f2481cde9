import { el } from "../../parts/dom.js";

export class DeviceView {
  constructor(context, route) {
    this.context = context;
    this.route = route;
  }

  get title() {
    return this.context.texts.views.device;
  }

  open(place) {
    place.append(el("h2", {}, this.title));
  }

  changed(route) {
    this.route = route;
  }

  close() {}
}
