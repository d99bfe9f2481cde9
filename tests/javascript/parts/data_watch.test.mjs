import assert from "node:assert/strict";
import { test } from "node:test";

import { textsOf } from "../../../gateway/dashboard/live/texts.js";
import { DataWatch } from "../../../gateway/dashboard/parts/data_watch.js";

const MINUTE = 60_000;

// A page whose list has devices last heard at `seen`; `status` is that of the answer.
const watched = () => {
  const connection = { state: "live" };
  const it = { now: 1_760_000_000_000, seen: [], status: 200, asked: 0, banner: null, page: { hidden: false }, connection };
  const context = {
    connection,
    access: {
      read: async () => {
        it.asked++;
        const devices = it.seen.map((last_seen, at) => ({ device: `d${at}`, last_seen }));
        const headers = new Headers({ Date: new Date(it.now).toUTCString() });
        return { ok: it.status === 200, status: it.status, headers, json: async () => ({ devices, next: null }) };
      },
    },
    banner: { set: (_key, text) => (it.banner = text) },
    format: { time: (ms) => ms - 1_760_000_000_000 },
    texts: textsOf("en"),
  };
  const watch = new DataWatch(context, { page: it.page, clock: () => it.now });
  watch.turn();
  it.pass = async (ms) => {
    it.now += ms;
    watch.tick();
    await new Promise((resolve) => setImmediate(resolve));
  };
  it.bring = (topic) => watch.brought(topic, "publication", {});
  it.lively = async (topic = "readings") => {
    for (let count = 0; count < 8; count++) {
      it.bring(topic);
      await it.pass(10_000);
    }
    it.seen = [it.now - 10_000];
  };
  return it;
};

test("that all feeds fall silent is told if the list knows of no reading since, and taken back with the next one", async () => {
  const it = watched();
  await it.lively("device:a");
  await it.pass(40_000);
  assert.deepEqual([it.asked, it.banner], [0, null]);
  await it.pass(MINUTE);
  assert.deepEqual([it.asked, it.banner], [1, "No readings have come since 70000."]);
  it.bring("metric:t");
  await it.pass(1_000);
  assert.equal(it.banner, null);
});

test("one device that falls silent is not all data, as the list says; nor is weather any", async () => {
  const it = watched();
  await it.lively("device:a");
  for (let minute = 0; minute < 30; minute++) {
    it.seen = [0, it.now + MINUTE - 500];
    await it.pass(MINUTE + 1_000);
    assert.equal(it.banner, null);
  }
  assert.ok(it.asked <= 31);
  for (let minute = 0; minute < 10; minute++) {
    it.bring("weather:berlin");
    await it.pass(MINUTE);
  }
  assert.match(it.banner, /No readings/);
});

test("a view without feeds learns from the list what is usual", async () => {
  const it = watched();
  const minutes = async (count, next) => {
    for (let minute = 0; minute < count; minute++) {
      it.seen = next();
      await it.pass(MINUTE + 1_000);
    }
  };
  await minutes(8, () => [it.now + MINUTE]);
  assert.equal(it.banner, null);
  await minutes(8, () => it.seen);
  assert.match(it.banner, /No readings/);
  await minutes(2, () => [it.now + MINUTE]);
  assert.equal(it.banner, null);
});

test("who may not see the devices is told nothing; while nobody looks, or it is not live, nothing is asked", async () => {
  const it = watched();
  await it.lively();
  [it.status, it.seen] = [403, []];
  for (let minute = 0; minute < 10; minute++) await it.pass(MINUTE);
  assert.equal(it.banner, null);
  assert.ok(it.asked > 0 && it.asked <= 10);
  it.asked = 0;
  for (const away of [() => (it.page.hidden = true), () => (it.page.hidden = false, it.connection.state = "resuming")]) {
    away();
    await it.pass(10 * MINUTE);
  }
  assert.equal(it.asked, 0);
});
