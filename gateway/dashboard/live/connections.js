// The connections of a page, one for each server and token, shared by all that is on it.

import { Centrifuge } from "../vendor/centrifuge/centrifuge.js";
import { Connection, Connections } from "./connection.js";

export const HERE = new URL("../../", import.meta.url).href;

export const connections = new Connections((server, token) => new Connection({
  server,
  token,
  createClient: (endpoints, options) => new Centrifuge(endpoints, options),
}));
