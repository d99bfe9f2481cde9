// What boards say of their items and of what is wrong, in the viewer's language.

import { metricText } from "../live/format.js";
import { comparedOf } from "../live/source.js";
import { href } from "../parts/router.js";
import { BoardError, oneLine } from "./board.js";

// Whose value it is, and which: "greenhouse-7 · temperature".
export function labelOf({ label, topic, metric, device }) {
  return oneLine(label || `${whoseOf({ topic, device })} · ${metricText(comparedOf(topic)?.metric ?? metric)}`);
}

// The device or the place; of a comparison both.
export function whoseOf({ topic, device }) {
  const compared = comparedOf(topic);
  return compared ? `${compared.device}, ${compared.place}` : (device ?? topic.slice(topic.indexOf(":") + 1));
}

// The view that tells more of an item.
export function moreOf({ topic, device }) {
  if (topic.startsWith("weather:")) return href("weather", "", { place: topic.slice("weather:".length) });
  return href("device", device ?? comparedOf(topic)?.device ?? topic.slice("device:".length));
}

export function problemText(texts, error) {
  const { problems } = texts.board;
  const text = problems[error.code](error.detail);
  return error.at ? problems.at(error.at, text) : text;
}

// Does `work`; a BoardError of it is said, or thrown anew with `told` for a dialog.
export function tell(texts, work) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BoardError)) throw error;
    throw Object.assign(error, { told: capital(problemText(texts, error)) });
  }
}

function capital(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
