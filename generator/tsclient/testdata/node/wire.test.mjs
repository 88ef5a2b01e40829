import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { encode, headers, parse, query, segment, segments } from "../out/shapes/cnerium-wire.js";
import { count, deleteOperation, exportOperation, patchThing, putThing, ShapesThingsClient, sweep } from "../out/shapes/shapes-things.js";
import { begin, pass, world } from "./world.mjs";

beforeEach(begin);

test("requests are what the server binds", () => {
  assert.deepEqual(patchThing({
    id: "a/b?c", rest: "x y/z%", dry_run: false, tag: ["a&b", "c"], ifBefore: undefined, noteParam: "", source: "me", levels: [1, -2], note: "n", status: "open",
  }), {
    operation: "things.patch", method: "PATCH", path: "/things/a%2Fb%3Fc/x%20y/z%25?dry_run=false&tag=a%26b&tag=c&note=",
    headers: { "X-Source": "me", "X-Levels": "1, -2" }, body: { note: "n", status: "open" },
  });
  assert.equal(patchThing({ id: "1", rest: "", note: "n" }).path, "/things/1/");
  assert.deepEqual(patchThing({ id: "1", rest: "", note: "n" }).headers, {});
  assert.equal(putThing(7, {}).path, "/things/7/a%20b/");
  assert.equal(sweep().path, "/sweep");
  assert.equal(sweep({ before: "2026-01-02T03:04:05+01:00" }).path, "/sweep?before=2026-01-02T03%3A04%3A05%2B01%3A00");
  assert.ok(!("body" in deleteOperation("a")));
  assert.deepEqual(count(["a"]).body, ["a"]);
});

test("a value that would be another path is refused", () => {
  for (const value of ["", ".", "..", undefined, null, NaN, Infinity]) assert.throws(() => segment(value), TypeError);
  for (const value of ["a//b", "/a", "a/", "a/../b", "..", "."]) assert.throws(() => segments(value), TypeError);
  assert.equal(segment("..."), "...");
  assert.equal(segment(-0.5), "-0.5");
  assert.equal(segments("a/…/b"), "a/%E2%80%A6/b");
});

test("a value that would be another header is refused", () => {
  for (const value of ["a\r\nb", "a\nb", "\0", " a", "a ", "ä", ["a,b"], [""], [" "]]) assert.throws(() => headers({ X: value }), TypeError);
  assert.deepEqual(headers({ A: "", B: undefined, C: [], D: "a, b", E: [true, 2] }), { A: "", D: "a, b", E: "true, 2" });
});

test("what is absent is not in the query", () => {
  assert.equal(query({ a: undefined, b: null, c: [] }), "");
  assert.equal(query({ a: "", b: [1, 2], "c d": "ä +" }), "?a=&b=1&b=2&c+d=%C3%A4+%2B");
  assert.throws(() => query({ a: NaN }), TypeError);
});

test("a body that JSON cannot say is refused", () => {
  for (const value of [NaN, { a: [Infinity] }, 1n, undefined, () => {}]) assert.throws(() => encode(value), TypeError);
  assert.equal(encode({ a: undefined, b: null, c: new Date(0) }), '{"b":null,"c":"1970-01-01T00:00:00.000Z"}');
});

test("integers are exact, or refused", () => {
  for (const [text, fine] of [
    ["9007199254740991", true], ["9007199254740992", true], ["9007199254740993", false], ["-9007199254740993", false],
    ["9223372036854775807", false], ["1152921504606847000", true], ["1152921504606846976", false],
    ["1e300", true], ["0.1234567890123456789", true], ["12345678901234567890e-1", true], ["1.5E+400", true],
  ]) {
    for (const json of [text, `[${text}]`, `{"a":${text} }`, `["\\"\\\\",${text},"9007199254740993"]`]) {
      if (fine) assert.deepEqual(parse(json), JSON.parse(json));
      else assert.throws(() => parse(json), RangeError, json);
    }
  }
  assert.deepEqual(parse('{"9007199254740993":"\\\\\\"9007199254740993","b":"9007199254740993\\\\"}'), { "9007199254740993": '\\"9007199254740993', b: "9007199254740993\\" });
  assert.throws(() => parse("{"), SyntaxError);
  const long = JSON.stringify("\\\"1234567890123456789".repeat(500_000));
  assert.equal(parse(long).length, 21 * 500_000);
});

test("what is read is written the same, for any 64-bit integer", () => {
  let state = 88172645463325252n;
  for (let i = 0; i < 20_000; i++) {
    state ^= BigInt.asUintN(64, state << 13n);
    state ^= state >> 7n;
    state ^= BigInt.asUintN(64, state << 17n);
    const text = String(BigInt.asIntN(1 + (i % 64), state));
    let value;
    try {
      value = parse(text);
    } catch {
      assert.ok(!Number.isSafeInteger(Number(text)), text);
      continue;
    }
    assert.equal(JSON.stringify(value), text);
  }
});

test("answers are of their kind", async () => {
  const api = new ShapesThingsClient({ baseUrl: "https://x.example" });
  const call = async (made, answer) => {
    world.answers.push(answer);
    const ended = api.send(made).then(({ value }) => value, (error) => error.kind);
    await pass(1_000);
    return ended;
  };
  assert.equal(await call(deleteOperation("a"), [204]), undefined);
  assert.equal(await call(deleteOperation("a"), [200, "<html>"]), "unreadable");
  assert.equal(await call(sweep(), [200, "null"]), null);
  assert.equal(await call(count(null), [200, "7"]), 7);
  assert.equal(await call(count(null), [200, "null"]), "unreadable");
  const raw = await call(exportOperation(), [202, "a,b", { "Content-Type": "text/csv" }]);
  assert.deepEqual([raw.status, raw.headers.get("Content-Type"), await raw.text()], [202, "text/csv", "a,b"]);
  assert.equal(world.requests.at(-1).headers.accept, "*/*");
  assert.equal(world.requests.at(-1).body, null);
  assert.equal(world.requests.at(-1).headers["content-type"], undefined);
  assert.equal((await call(exportOperation(), [204])).status, 204);
});
