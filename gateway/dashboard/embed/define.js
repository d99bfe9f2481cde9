// The elements, made known to the page once.

import { WindsockChart } from "./chart.js";
import { WindsockValue } from "./value.js";

export function define() {
  if (!customElements.get("windsock-value")) customElements.define("windsock-value", WindsockValue);
  if (!customElements.get("windsock-chart")) customElements.define("windsock-chart", WindsockChart);
}
