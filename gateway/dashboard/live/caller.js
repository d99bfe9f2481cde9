// Calls that may take longer than the SDK waits: over a connection of their own, which is there while one is awaited.

import { Centrifuge } from "../vendor/centrifuge/centrifuge.js";
import { endpointsOf } from "./connection.js";

const MARGIN_MS = 5_000;

// Resolves to the answer's data; rejects with {code, message}.
export async function call(server, token, method, data, timeoutMs) {
  const client = new Centrifuge(endpointsOf(server), {
    emulationEndpoint: new URL("emulation", server).href,
    timeout: timeoutMs + MARGIN_MS,
    ...(token ? { token } : {}),
  });
  try {
    client.connect();
    return (await client.rpc(method, data)).data;
  } finally {
    client.disconnect();
  }
}
