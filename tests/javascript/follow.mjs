// Follows a channel with the official JavaScript SDK and prints each event as a JSON line, until standard input ends.
//
//     node follow.mjs WEBSOCKET_ORIGIN CHANNEL json|protobuf

import { Centrifuge as JsonCentrifuge } from "centrifuge";
import { Centrifuge as ProtobufCentrifuge } from "centrifuge/build/protobuf";

const [origin, channel, encoding] = process.argv.slice(2);
const protobuf = encoding === "protobuf";
const Centrifuge = protobuf ? ProtobufCentrifuge : JsonCentrifuge;
const data = (given) => (protobuf ? JSON.parse(new TextDecoder().decode(given)) : given);
const print = (event) => process.stdout.write(JSON.stringify(event) + "\n");

const client = new Centrifuge(`${origin}/connection/websocket${protobuf ? "?format=protobuf" : ""}`, {
  maxReconnectDelay: 500,
});
const subscription = client.newSubscription(channel);
subscription.on("subscribed", ({ recovered }) => print({ subscribed: true, recovered }));
subscription.on("unsubscribed", ({ code }) => print({ unsubscribed: code }));
subscription.on("publication", (published) => print({ offset: published.offset, data: data(published.data) }));
subscription.subscribe();
client.connect();

process.stdin.resume();
process.stdin.on("end", () => client.disconnect());
