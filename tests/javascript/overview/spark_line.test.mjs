import assert from "node:assert/strict";
import { test } from "node:test";

import { Series } from "../../../gateway/dashboard/live/series.js";
import { Spark } from "../../../gateway/dashboard/views/overview/spark_line.js";

class Node {
  attributes = new Map();
  children = [];
  getAttribute = (name) => this.attributes.get(name) ?? null;
  setAttribute = (name, value) => this.attributes.set(name, String(value));
  append = (...children) => this.children.push(...children);
}

const [MINUTE, NOW] = [60_000, 1_760_000_000_000];
const drawn = (silentMs, ...points) => {
  globalThis.document = { createElementNS: () => new Node() };
  const [spark, series] = [new Spark(), new Series()];
  series.load(points.map(([minutesAgo, value]) => [NOW - minutesAgo * MINUTE, value]));
  spark.draw(series, silentMs, NOW);
  return spark.node.children.map((path) => path.getAttribute("d"));
};

test("the line goes over its whole drawing, and a dot stands at its end", () => {
  assert.deepEqual(drawn(20 * MINUTE, [15, 1], [7.5, 3], [0, 2]), ["M0.0,30.0,150.0,0.0,300.0,15.0", "M300.0,15.0h0"]);
});

test("a point alone is a dot, also between silences", () => {
  assert.deepEqual(drawn(MINUTE, [14, 1], [7.5, 1], [0, 1]), ["M20.0,15.0h0M150.0,15.0h0M300.0,15.0h0", "M300.0,15.0h0"]);
});

test("without a point of its window nothing is drawn", () => {
  assert.deepEqual(drawn(MINUTE, [16, 1]), ["", ""]);
  assert.deepEqual(drawn(MINUTE), ["", ""]);
});
