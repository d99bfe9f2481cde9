import assert from "node:assert/strict";
import { test } from "node:test";

import { csvOf, fileName } from "../../../gateway/dashboard/views/device/csv.js";

// Without the byte order mark.
const textOf = (readings) => csvOf(readings).join("").slice(1);
const linesOf = (readings) => textOf(readings).split(/(?<=\r\n)/);

test("a spreadsheet is told that it is UTF-8", () => {
  assert.equal(csvOf([]).join(""), "\ufeffts\r\n");
});

test("a line for each reading, a column for each metric with its unit", () => {
  const text = textOf([
    { ts: 1_760_000_000_123, values: { temperature: 21.4, door: true }, units: { temperature: "Cel" } },
    { ts: 1_760_000_001_000, values: { humidity: 40 }, units: { humidity: "%RH" } },
  ]);
  assert.equal(text, [
    "ts,door,humidity (%),temperature (°C)\r\n",
    "2025-10-09T08:53:20.123Z,true,,21.4\r\n",
    "2025-10-09T08:53:21.000Z,,40,\r\n",
  ].join(""));
});

test("what needs quotes has them", () => {
  const [, line] = csvOf([{ ts: 0, values: { a: 'say "yes", or\r\nno', b: "plain" } }]);
  assert.equal(line, '1970-01-01T00:00:00.000Z,"say ""yes"", or\r\nno",plain\r\n');
});

test("no text is a formula, and a number stays one", () => {
  const values = { a: "=1+1", b: "+49", c: "-x", d: "@SUM(A1)", e: "\t=1", f: "a=1", g: -4.5, h: '=HYPERLINK("x","y")', i: "-0.5", j: "-1-1" };
  const [, line] = csvOf([{ ts: 0, values }]);
  assert.equal(line, `1970-01-01T00:00:00.000Z,'=1+1,'+49,'-x,'@SUM(A1),'\t=1,a=1,-4.5,"'=HYPERLINK(""x"",""y"")",-0.5,'-1-1\r\n`);
});

test("a metric that changed its unit has a column for each", () => {
  const told = [{ t: "Cel" }, { t: "K" }, null, { t: "°C" }].map((units, at) => ({ ts: at, values: { t: at }, units }));
  const at = "1970-01-01T00:00:00.00";
  assert.deepEqual(linesOf(told), [
    "ts,t (°C),t (K),t\r\n", `${at}0Z,0,,\r\n`, `${at}1Z,,1,\r\n`, `${at}2Z,,,2\r\n`, `${at}3Z,3,,\r\n`,
  ]);
});

test("integers that are too large for a number stay as they were", () => {
  const [, line] = csvOf([{ ts: 0, values: { n: 12_345_678_901_234_567_891n } }]);
  assert.equal(line, "1970-01-01T00:00:00.000Z,12345678901234567891\r\n");
});

test("a file's name is one on every system", () => {
  const name = fileName("a:b~c", { fromMs: Date.UTC(2026, 10, 21, 5), toMs: Date.UTC(2026, 10, 21, 6, 30) });
  assert.equal(name, "a_b_c_2026-11-21T05-00Z_2026-11-21T06-30Z.csv");
});

test("a metric may have a name that every object knows", () => {
  const [head, one, other] = linesOf(JSON.parse(`[
    {"ts": 0, "values": {"constructor": 1, "__proto__": 2, "toString": 3}, "units": {"__proto__": "Cel"}},
    {"ts": 1, "values": {"a": 4}, "units": null}
  ]`));
  assert.equal(head, "ts,__proto__ (°C),a,constructor,toString\r\n");
  assert.equal(one, "1970-01-01T00:00:00.000Z,2,,1,3\r\n");
  assert.equal(other, "1970-01-01T00:00:00.001Z,,4,,\r\n");
});
