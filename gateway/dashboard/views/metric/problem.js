// Why the devices could not be read, and what is said of it: the same words as where all devices are shown. Pure.

const FORBIDDEN = 103; // the protocol's code

// {state} of a connection that is not there, or the {code, message} of the server's or the SDK's error.
export function problemOf(error, { client, state }) {
  if (client.state !== "connected") return { state };
  return { code: error?.code ?? null, message: error?.message ?? String(error) };
}

export function problemText({ state, code, message }, { overview, reasons }) {
  if (code === FORBIDDEN) return overview.forbidden;
  return overview.no_list(state === undefined ? reasons.says(message) : (reasons[state] ?? state));
}
