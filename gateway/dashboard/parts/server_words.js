// Why the server did not do something, in a sentence of the viewer's language. What the page has no words for is told in those
// of the server, which are English: as such, and not as if the page had said so.

import { el, write } from "./dom.js";

const WORDS = "\u{F0000}"; // where they stand in a sentence; no text has it
// HTTP's and the protocol's codes.
const KNOWN = new Map([[401, "denied"], [403, "denied"], [103, "denied"], [106, "limit"]]);

// `sentence(reason)` makes the text of it; `error` is that of Access.json() or of a call: {status or code, message}.
export function tellWhy(node, sentence, error, { reasons }) {
  const known = reasonOf(error);
  if (known !== null) return write(node, sentence(reasons[known]));
  const [before, after] = sentence(reasons.says(WORDS)).split(WORDS);
  node.replaceChildren(before, el("span", { lang: "en" }, error.message), after);
}

// The name of a reason that the texts have; null for what only the server can tell.
export function reasonOf(error) {
  const code = error.status ?? error.code;
  if (code === undefined) return "offline"; // nothing answered
  return KNOWN.get(code) ?? null;
}
