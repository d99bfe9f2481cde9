// Why the devices could not be read, and what is said of it: the same words as where all devices are shown.

import { whyNoList } from "../../parts/server_words.js";

// {state} of a connection that is not there, or the {error} of the server or the SDK.
export function problemOf(error, { client, state }) {
  return error === null || client.state !== "connected" ? { state } : { error };
}

// Texts and elements.
export function problemParts({ state, error }, texts) {
  return state === undefined ? whyNoList(error, texts) : [texts.overview.no_list(texts.reasons[state] ?? texts.states[state])];
}
