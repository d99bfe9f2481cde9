// A client of the SDK as far as a connection and its feeds use one, without any network.

class Emitter {
  handlers = new Map();

  on(event, handler) {
    this.handlers.set(event, handler);
  }

  emit(event, data) {
    this.handlers.get(event)?.(data);
  }
}

export class FakeSubscription extends Emitter {
  state = "unsubscribed";

  constructor(channel, options) {
    super();
    this.channel = channel;
    this.options = options;
  }

  subscribe() {
    this.state = "subscribing";
  }

  // As the SDK does: what was missed comes right after the event, in the same turn.
  become(offset, { data, recovered = false, epoch = "e", publications = [] } = {}) {
    this.state = "subscribed";
    this.emit("subscribed", { streamPosition: { epoch, offset }, data, recovered });
    for (const publication of publications) this.emit("publication", publication);
  }
}

export class FakeClient extends Emitter {
  state = "disconnected";
  subscriptions = [];
  removed = [];
  calls = []; // of the server, each {resolve, reject}
  connects = 0;

  newSubscription(channel, options) {
    if (this.subscriptions.some((each) => each.channel === channel)) throw new Error(`${channel} is subscribed already`);
    const made = new FakeSubscription(channel, options);
    this.subscriptions.push(made);
    return made;
  }

  removeSubscription(subscription) {
    this.subscriptions = this.subscriptions.filter((each) => each !== subscription);
    this.removed.push(subscription);
    subscription.emit("unsubscribed", { code: 0 });
  }

  connect() {
    this.connects++;
    this.turn("connecting", { code: 0 });
  }

  disconnect() {
    this.turn("disconnected", { code: 0 });
  }

  turn(state, data = {}) {
    if (this.state === "connected" && state !== "connected") {
      for (const each of this.subscriptions) each.state = "subscribing";
    }
    this.state = state;
    this.emit(state, data);
  }

  rpc() {
    return new Promise((resolve, reject) => this.calls.push({ resolve, reject }));
  }
}

// After everything that waits for nothing but its turn.
export const settled = () => new Promise((resolve) => setImmediate(resolve));
