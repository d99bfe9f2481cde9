import assert from "node:assert/strict";
import { test } from "node:test";

import { WINDOWS, windowsFrom } from "../../../gateway/dashboard/live/windows.js";
import { textsOf } from "../../../gateway/dashboard/live/texts.js";

test("windows are told with their milliseconds, from one to another", () => {
  assert.deepEqual([...windowsFrom("15m", "1h")], [["15m", 900_000], ["1h", 3_600_000]]);
  assert.deepEqual([...windowsFrom("6h", "24h")], [["6h", 21_600_000], ["24h", 86_400_000]]);
  assert.deepEqual([...windowsFrom("15m", "7d").keys()], WINDOWS);
});

test("every view's windows have their words", () => {
  const { device_view: device, metric_view: metric, weather } = textsOf("en");
  assert.deepEqual(Object.keys(device.windows), [...windowsFrom("15m", "24h").keys()]);
  assert.deepEqual(Object.keys(metric.windows), [...windowsFrom("15m", "1h").keys()]);
  assert.deepEqual(Object.keys(weather.windows), [...windowsFrom("6h", "24h").keys()]);
});
