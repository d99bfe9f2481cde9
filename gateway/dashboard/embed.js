// <script type="module" src="https://windsock.example/embed.js"></script> in any page: docs/embed.md.

import { define } from "./static/embed/define.js";

define();
