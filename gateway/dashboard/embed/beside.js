// What stands beside a compared value: outside, the difference, and where the weather comes from.

import { unitText } from "../live/format.js";
import { mark, write } from "../parts/dom.js";
import { part } from "./element.js";

export class Beside {
  constructor() {
    this.shown = part("span", "beside");
    this.outside = part("span", "outside");
    this.difference = part("span", "difference");
    this.words = [part("span", "word"), part("span", "word")];
    this.source = part("a", "source");
    this.source.target = "_blank";
    this.source.rel = "noopener";
    this.shown.append(this.words[0], " ", this.outside, " ", this.words[1], " ", this.difference, " ", this.source);
    this.shown.hidden = true;
  }

  // `comparison` is what its topic brings; null where there is nothing to compare. Where not `all` of it is shown, but a value
  // that came of the weather, its source stands alone.
  show(comparison, format, all) {
    this.shown.hidden = comparison === null;
    if (!comparison) return;
    for (const each of [...this.words, this.outside, this.difference]) each.hidden = !all;
    const { outside, outside_unit, difference, unit, reason, attribution, attribution_url } = comparison;
    write(this.words[0], format.texts.outside);
    write(this.outside, told(outside, outside_unit, (value) => format.value(value)));
    write(this.words[1], format.texts.difference);
    write(this.difference, told(difference, unit, (value) => format.difference(value)));
    mark(this.shown, "title", reason);
    write(this.source, attribution ?? "");
    mark(this.source, "title", attribution);
    mark(this.source, "href", /^https?:\/\//.test(attribution_url) ? attribution_url : null);
  }
}

function told(value, unit, format) {
  if (value === null || value === undefined) return "–";
  return unit ? `${format(value)} ${unitText(unit)}` : format(value);
}
