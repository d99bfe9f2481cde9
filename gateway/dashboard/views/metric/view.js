// The metric view: one metric of all devices, or all metrics where none is named.

import { AllMetrics } from "./all.js";
import { OneMetric } from "./one.js";

export class MetricView {
  constructor(context, route) {
    this.shown = route.name === "" ? new AllMetrics(context, route) : new OneMetric(context, route);
  }

  get title() {
    return this.shown.title;
  }

  open(place) {
    this.shown.open(place);
  }

  changed(route) {
    this.shown.changed(route);
  }

  close() {
    this.shown.close();
  }
}
