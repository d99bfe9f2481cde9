// Follows a channel with the official JavaScript SDK and prints each event as a JSON line, until standard input ends.
//
//     node follow.mjs HTTP_ORIGIN CHANNEL json|protobuf [websocket|http_stream|sse [EMULATION_ORIGIN [TOKEN...]]]
//
// SUBSCRIPTION in the environment has the options of the subscription. A line on standard input is something to do: {"publish":{"channel":…,"data":…}}, {"history":{"channel":…}} or
// {"rpc":{"method":…,"data":…}}; what comes of it is printed as well. Tokens are used one after the other.

import { createInterface } from "node:readline";
import { Centrifuge as JsonCentrifuge } from "centrifuge";
import { Centrifuge as ProtobufCentrifuge } from "centrifuge/build/protobuf";
import { EventSource } from "eventsource";

const [origin, channel, encoding, transport = "websocket", emulation = origin, ...tokens] = process.argv.slice(2);
const protobuf = encoding === "protobuf";
const Centrifuge = protobuf ? ProtobufCentrifuge : JsonCentrifuge;
const read = (given) => (protobuf ? JSON.parse(new TextDecoder().decode(given)) : given);
const written = (data) => (protobuf ? new TextEncoder().encode(JSON.stringify(data)) : data);
const print = (event) => process.stdout.write(JSON.stringify(event) + "\n");

const options = { maxReconnectDelay: 500, emulationEndpoint: `${emulation}/emulation`, eventsource: EventSource };
if (tokens.length > 0) {
  options.getToken = async () => {
    print({ token: tokens.length });
    return tokens.length > 1 ? tokens.shift() : tokens[0];
  };
}
const path = `${origin}/connection/${transport}`;
const endpoint = transport === "websocket" ? path.replace("http", "ws") + (protobuf ? "?format=protobuf" : "") : path;
const client = new Centrifuge([{ transport, endpoint }], options);
client.on("connecting", ({ code, reason }) => print({ connecting: code, reason }));
client.on("connected", ({ transport }) => print({ connected: transport }));
client.on("disconnected", ({ code, reason }) => print({ disconnected: code, reason }));
const wanted = JSON.parse(process.env.SUBSCRIPTION ?? "{}");
if (wanted.data) wanted.data = written(wanted.data);
const subscription = client.newSubscription(channel, wanted);
subscription.on("subscribed", ({ recovered, data }) => {
  print({ subscribed: true, recovered });
  if (data?.length ?? data) print({ result: read(data) }); // in Protobuf there is always data
});
subscription.on("unsubscribed", ({ code }) => print({ unsubscribed: code }));
subscription.on("publication", ({ offset, data, tags }) => print({ offset, data: read(data), tags }));
subscription.subscribe();
client.connect();

const actions = {
  publish: async ({ channel, data }) => (await client.publish(channel, written(data)), true),
  history: async ({ channel }) =>
    (await client.history(channel, { limit: 100 })).publications.map(({ data }) => read(data)),
  rpc: async ({ method, data }) => read((await client.rpc(method, written(data))).data),
};
const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  for (const [name, given] of Object.entries(JSON.parse(line))) {
    actions[name](given).then(
      (result) => print({ did: name, result }),
      ({ code }) => print({ did: name, error: code }),
    );
  }
});
input.on("close", () => client.disconnect());
