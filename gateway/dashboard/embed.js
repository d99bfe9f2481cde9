// <script type="module" src="https://windsock.example/embed.js"></script> in any page: docs/embed.md.

import { WindsockChart } from "./static/embed/chart.js";
import { WindsockValue } from "./static/embed/value.js";

if (!customElements.get("windsock-value")) customElements.define("windsock-value", WindsockValue);
if (!customElements.get("windsock-chart")) customElements.define("windsock-chart", WindsockChart);
