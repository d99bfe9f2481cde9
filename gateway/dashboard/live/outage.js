// A time without a live connection, and what came back after it: how many readings had been missed and are there now, and
// how many topics had to begin anew. It has an end when all topics have told. A reading comes on several topics: of each
// device the topic counts that brought most.

export class Outage {
  // `sinceMs` is null where the connection was live, but the server lost its place in a topic.
  constructor(sinceMs) {
    this.sinceMs = sinceMs;
    this.waiting = null; // topics that have not told yet, once it is live again
    this.told = new Map(); // topic → {how: "resumed" or "anew", missed: device → number}
  }

  // It is live again; `topics` are subscribed once more.
  back(topics) {
    this.waiting = new Set(topics);
  }

  // It broke again before all topics had told.
  broke(sinceMs) {
    this.sinceMs ??= sinceMs;
    this.waiting = null;
  }

  // A topic is there again. What it had missed at one break and at the next adds up.
  topic(topic, how, missed) {
    this.waiting?.delete(topic);
    const before = this.told.get(topic);
    if (how === "first") return;
    const named = new Map([...missed].map(([device, count]) => [device || topic, count]));
    const anew = how === "anew" || before?.how === "anew";
    this.told.set(topic, { how: anew ? "anew" : "resumed", missed: sumOf(before?.missed ?? new Map(), named) });
  }

  // Nobody wants it any more, or it may not be had.
  gone(topic) {
    this.waiting?.delete(topic);
    this.told.delete(topic);
  }

  // Null while topics are awaited, then {lasted, topics, recovered, anew}: milliseconds (null if the
  // connection never was lost), and numbers.
  result(now) {
    if (this.waiting === null || this.waiting.size > 0) return null;
    const all = [...this.told.values()];
    return {
      lasted: this.sinceMs === null ? null : now - this.sinceMs,
      topics: all.length,
      recovered: recoveredOf(all.map(({ missed }) => missed)),
      anew: all.filter(({ how }) => how === "anew").length,
    };
  }
}

function sumOf(one, other) {
  const sum = new Map(one);
  for (const [device, count] of other) sum.set(device, (sum.get(device) ?? 0) + count);
  return sum;
}

function recoveredOf(counts) {
  const most = new Map();
  for (const [device, count] of counts.flatMap((each) => [...each])) most.set(device, Math.max(count, most.get(device) ?? 0));
  return [...most.values()].reduce((sum, count) => sum + count, 0);
}
