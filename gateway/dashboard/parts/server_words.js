// Why something was not done, in a sentence of the viewer's language. What the page has no words for is told in those of the
// server, which are English: as such, and not as if the page had said so.

import { el, fill } from "./dom.js";

const WORDS = "\u{F0000}"; // where they stand in a sentence; no text has it
const LEAST_OF_SERVER = 100; // the protocol's codes; below it are the SDK's own, of which none is an answer
const KNOWN = new Map([[401, "denied"], [403, "denied"], [103, "denied"]]); // HTTP's codes and the protocol's

// `sentence(reason)` makes the text of it; `error` is that of Access, of a call ({code, message}), or the page's own.
export function tellWhy(node, sentence, error, texts) {
  fill(node, whyOf(sentence, error, texts));
}

// The same as texts and elements.
export function whyOf(sentence, error, texts) {
  const known = reasonOf(error);
  if (known !== null) return [sentence(texts.reasons[known])];
  return codeOf(error) === null ? within(sentence, WORDS, error.message) : saidIn(sentence, error.message, texts);
}

// A sentence with what the server said, as texts and elements.
export function saidIn(sentence, words, { reasons }) {
  return within(sentence, reasons.says(WORDS), words);
}

// Why the devices cannot be listed.
export function whyNoList(error, texts) {
  return reasonOf(error) === "denied" ? [texts.overview.forbidden] : whyOf(texts.overview.no_list, error, texts);
}

// The name of a reason that the texts have; null for what only the error itself can tell.
export function reasonOf(error) {
  if (error.unreachable) return "offline"; // nothing answered
  const code = codeOf(error);
  return code !== null && error.status === undefined && code < LEAST_OF_SERVER ? "offline" : (KNOWN.get(code) ?? null);
}

// HTTP's status or the protocol's code; null for an error that is none of an answer.
function codeOf(error) {
  const code = error instanceof DOMException ? null : (error.status ?? error.code);
  return typeof code === "number" ? code : null;
}

function within(sentence, reason, words) {
  const [before, after] = sentence(reason).split(WORDS);
  return [before, el("span", { lang: "en" }, words), after];
}
