import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { CneriumError } from "../out/orders/cnerium.js";
import { createOrder, OrdersClient } from "../out/orders/orders.js";
import { begin, delays, hang, lost, pass, problem, settle, world } from "./world.mjs";

beforeEach(begin);

const input = { product_id: "p1", quantity: 2 };
const created = { ok: true, order_id: "ord_k1", product_id: "p1", quantity: 2 };
const client = (options) => new OrdersClient({ baseUrl: "https://shop.example", ...options });

/** Calls, lets all time pass that the call wants, and returns what came of it. */
async function call(api, options, ...answers) {
  world.answers.push(...answers);
  const ended = api.createOrder(input, options).then((answer) => answer, (error) => error);
  await pass(3_600_000);
  assert.equal(world.answers.length, 0, "somebody was not asked");
  return ended;
}

test("a call is one request with a key of its own", async () => {
  const { value, meta } = await call(client(), {}, [201, created, { "Event-Cursor": "e.7" }]);
  assert.deepEqual(value, created);
  const [request] = world.requests;
  assert.equal(request.url, "https://shop.example/orders");
  assert.equal(request.method, "POST");
  assert.equal(request.body, '{"product_id":"p1","quantity":2}');
  assert.match(request.headers["idempotency-key"], /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(request.headers, { accept: "application/json", "content-type": "application/json", "idempotency-key": meta.key });
  assert.deepEqual({ ...meta, headers: 0 }, { key: meta.key, attempts: 1, status: 201, headers: 0, replayed: false, cursor: "e.7" });
  assert.deepEqual(delays(), [], "nothing is left behind");
  const other = await call(client(), {}, [201, created]);
  assert.notEqual(other.meta.key, meta.key);
  assert.equal(other.meta.cursor, null);
});

test("each attempt sends the same key and bytes until there is an answer", async () => {
  const failures = [lost(), ...[408, 425, 429, 502, 503, 504].map((status) => [status]), problem(409, "in-flight", { "Retry-After": "1" })];
  const { meta } = await call(client(), {}, ...failures, [201, created, { "Idempotency-Replayed": "true" }]);
  assert.deepEqual([meta.attempts, meta.replayed], [9, true]);
  for (const { headers, body, url } of world.requests) assert.deepEqual([headers["idempotency-key"], body, url], [meta.key, world.requests[0].body, world.requests[0].url]);
  const starts = world.requests.map(({ at }) => at);
  const waits = starts.slice(1).map((at, i) => at - starts[i]);
  assert.deepEqual(waits, [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 20_000 + 1_000]);
});

test("delays are any part of the longest", async () => {
  world.random = 0.25;
  await call(client({ minDelay: 1_000 }), {}, lost(), [503], [201, created]);
  assert.deepEqual(world.requests.map(({ at }) => at - world.requests[0].at), [0, 250, 750]);
});

for (const [answer, kind, pending] of [
  [problem(409, "key-reused"), "key-reused", false],
  [problem(422, "key-reused"), "key-reused", false],
  [problem(409, "outcome-unknown"), "outcome-unknown", true],
  [problem(409, "about:blank"), "refused", false],
  [problem(422, "in-flight"), "refused", false],
  [[400, "no", { "Content-Type": "text/html" }], "refused", false],
  [[401], "refused", true], // an earlier call may have sent the key
  [[404, {}, { "Content-Type": "application/problem+json" }], "refused", false],
  [[500], "server", true],
  [[501], "server", true],
  [[301, null, { Location: "/elsewhere" }], "redirect", true],
]) {
  test(`${answer[0]} ${answer[1]?.type ?? ""} is final`, async () => {
    const error = await call(client(), { key: "k1" }, answer);
    assert.ok(error instanceof CneriumError && error instanceof Error);
    assert.deepEqual([error.name, error.kind, error.pending, error.key, error.attempts, error.operation], ["CneriumError", kind, pending, "k1", 1, "orders.create"]);
    assert.equal(error.status, kind === "redirect" ? 0 : answer[0]);
    assert.ok(error.message.startsWith(`orders.create: ${kind}`), error.message);
    assert.ok(!error.message.includes("k1"));
    if (answer[1]?.type) assert.deepEqual(error.problem, answer[1]);
  });
}

test("the body of an error can be read", async () => {
  const error = await call(client(), {}, [400, "no such thing", { "Content-Type": "text/plain" }]);
  assert.equal(error.problem, null);
  assert.equal(await error.response.text(), "no such thing");
});

test("members of a problem that are of the wrong type are passed over", async () => {
  const error = await call(client(), {}, [400, { detail: 7, status: "x", code: [1] }, { "Content-Type": "application/problem+json; charset=utf-8" }]);
  assert.deepEqual(error.problem, { type: "about:blank", code: [1] });
  assert.equal((await call(client(), {}, [400, "[]", { "Content-Type": "application/problem+json" }])).problem, null);
  assert.equal((await call(client(), {}, [400, "{", { "Content-Type": "application/problem+json" }])).problem, null);
});

test("Retry-After is waited for, in seconds or until a date", async () => {
  world.random = 0;
  const date = new Date(world.now + 5_000 + 7_000).toUTCString();
  await call(client(), {}, [503, null, { "Retry-After": "5" }], [429, null, { "Retry-After": date }], [503, null, { "Retry-After": "soon" }], [201, created]);
  assert.deepEqual(world.requests.map(({ at }) => at - world.requests[0].at), [0, 5_000, 12_000, 12_000]);
  begin();
  world.random = 0; // a server whose clock is an hour behind
  const behind = { Date: new Date(world.now - 3_600_000).toUTCString(), "Retry-After": new Date(world.now - 3_597_000).toUTCString() };
  await call(client(), {}, [503, null, behind], [201, created]);
  assert.deepEqual(world.requests.map(({ at }) => at - world.requests[0].at), [0, 3_000]);
});

test("a server that asks for too much is not waited for", async () => {
  const start = world.now;
  const error = await call(client(), {}, problem(503, "unavailable", { "Retry-After": "61" }));
  assert.deepEqual([error.kind, error.pending, error.attempts, error.status], ["unavailable", true, 1, 503]);
  assert.match(error.message, /^orders.create: unavailable 503: the detail; not tried again: that would be in 62 s, which is too late$/);
  assert.equal(world.requests[0].at, start);
});

test("attempts and time are limited", async () => {
  const tired = await call(client(), {}, ...Array.from({ length: 10 }, lost));
  assert.deepEqual([tired.kind, tired.attempts, tired.status, tired.pending, tired.problem, tired.response], ["network", 10, 0, true, null, null]);
  assert.equal(tired.cause.message, "fetch failed");
  const three = await call(client({ maxAttempts: 3 }), {}, lost(), [503], problem(409, "in-flight"));
  assert.deepEqual([three.kind, three.attempts], ["in-flight", 3]);
  const late = await call(client({ maxElapsed: 650 }), {}, lost(), lost(), lost());
  assert.deepEqual([late.kind, late.attempts], ["network", 3]);
  assert.match(late.message, /too late$/);
});

test("an outage is not multiplied", async () => {
  const api = client({ maxAttempts: 3, minDelay: 0 });
  world.random = 0;
  const soon = async (...answers) => {
    world.answers.push(...answers);
    const ended = api.createOrder(input).then(({ meta }) => meta, (error) => error);
    await pass(0);
    return ended;
  };
  for (let i = 0; i < 50; i++) assert.equal((await soon(lost(), lost(), lost())).attempts, 3);
  const error = await soon(lost());
  assert.equal(error.attempts, 1);
  assert.match(error.message, /too many calls/);
  assert.equal((await soon(problem(409, "in-flight"), [201, created])).attempts, 2, "to wait for the own request takes nothing");
  assert.equal((await soon(lost())).attempts, 1);
  await pass(1_000);
  assert.equal((await soon(lost(), lost())).attempts, 2);
  for (let i = 0; i < 9; i++) await soon([201, created]);
  assert.equal((await soon(lost(), [201, created])).attempts, 2, "ten calls that succeed give one back");
  assert.equal((await soon(lost())).attempts, 1);
});

test("a certificate that is not trusted is no better the next time", async () => {
  const error = await call(client(), {}, Object.assign(lost(), { cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } }));
  assert.deepEqual([error.kind, error.attempts], ["network", 1]);
  const reset = await call(client({ maxAttempts: 2 }), {}, Object.assign(lost(), { cause: { code: "ECONNRESET" } }), [201, created]);
  assert.equal(reset.meta.attempts, 2);
});

test("an attempt that hangs is given up, and another made", async () => {
  const { meta } = await call(client(), {}, hang, [201, created]);
  assert.equal(meta.attempts, 2);
  assert.equal(world.requests[1].at - world.requests[0].at, 45_000 + 200); // 5 s of waiting and 30 s of work, and 10 s more
  const error = await call(client({ attemptTimeout: 1_000, maxAttempts: 1 }), {}, hang);
  assert.deepEqual([error.kind, error.pending, error.cause.name], ["network", true, "TimeoutError"]);
  const cut = () => new Response(new ReadableStream({ pull: (c) => c.error(new TypeError("terminated")) }), { status: 201 });
  assert.equal((await call(client(), {}, cut, [201, created])).meta.attempts, 2);
});

test("a signal ends the call", async () => {
  const early = await call(client(), { signal: AbortSignal.abort("early") });
  assert.deepEqual([early.kind, early.attempts, early.cause, early.pending], ["aborted", 0, "early", false]);
  for (const [answer, attempts] of [[hang, 1], [lost(), 1]]) {
    const controller = new AbortController();
    world.answers.push(answer);
    const ended = client({ minDelay: 60_000 }).createOrder(input, { signal: controller.signal }).catch((error) => error);
    await settle();
    controller.abort("enough");
    const error = await ended;
    assert.deepEqual([error.kind, error.attempts, error.cause, error.pending], ["aborted", attempts, "enough", true]);
    assert.deepEqual(delays(), []);
  }
});

test("the caller's key is sent as the server reads it", async () => {
  for (const [key, field] of [["k1", "k1"], ['"k', '"\\"k"'], ['"\\', '"\\"\\\\"'], ["k\"", "k\""], ["~".repeat(255), "~".repeat(255)]]) {
    await call(client(), { key }, [201, created]);
    assert.equal(world.requests.at(-1).headers["idempotency-key"], field);
  }
  for (const key of ["", " ", "a b", "ä", "a\n", "k".repeat(256)]) await assert.rejects(client().createOrder(input, { key }), TypeError);
});

test("a page without a secure context makes keys, too", async () => {
  const { randomUUID } = crypto;
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  const { meta } = await call(client(), {}, [201, created]);
  Object.defineProperty(crypto, "randomUUID", { value: randomUUID, configurable: true });
  assert.match(meta.key, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a success that is none is told", async () => {
  for (const [answer, why] of [
    [[201, "<html>", { "Content-Type": "text/html" }], 'the answer is not JSON: its Content-Type is "text/html"'],
    [[201, "{"], /JSON/],
    [[201, "null"], "the answer is null"],
    [[201, '{"quantity":9007199254740993}'], "the answer has the integer 9007199254740993, which a number cannot hold"],
    [[204], 'the answer is not JSON: its Content-Type is ""'],
  ]) {
    const error = await call(client(), {}, answer);
    const foreign = /not JSON/.test(error.cause.message); // it is not from the operation
    assert.deepEqual([error.kind, error.pending, error.attempts], ["unreadable", foreign, 1]);
    if (typeof why === "string") assert.equal(error.cause.message, why);
    assert.equal(error.status, answer[0]);
  }
  const { value } = await call(client({ parse: (text) => ({ text }) }), {}, [201, '{"quantity":9007199254740993}', { "Content-Type": "application/vnd.x+json; a=b" }]);
  assert.deepEqual(value, { text: '{"quantity":9007199254740993}' });
});

test("an answer about the caller leaves open what was open", async () => {
  for (const [status, pending] of [[401, true], [403, true], [407, true], [307, true], [400, false], [404, false], [422, false]]) {
    const error = await call(client(), {}, lost(), [status]);
    assert.deepEqual([error.status || 307, error.attempts, error.pending], [status, 2, pending], status);
    assert.equal((await call(client(), {}, [status])).pending, false);
  }
});

test("headers are asked for before each attempt", async () => {
  let n = 0;
  await call(client({ headers: async () => ({ Authorization: `Bearer ${++n}`, "Idempotency-Key": "mine" }) }), { key: "k1" }, lost(), [201, created]);
  assert.deepEqual(world.requests.map(({ headers }) => [headers.authorization, headers["idempotency-key"]]), [["Bearer 1", "k1"], ["Bearer 2", "k1"]]);
  const failing = client({ headers: () => { if (++n > 3) throw new Error("no token"); return {}; } });
  const error = await call(failing, {}, lost());
  assert.deepEqual([error.kind, error.attempts, error.pending, error.cause.message], ["headers", 2, true, "no token"]);
  const first = await call(failing, {});
  assert.deepEqual([first.kind, first.pending], ["headers", false]);
  assert.throws(() => client({ headers: { "a b": "c" } }), TypeError);
});

test("each attempt is reported, and a log that fails does no harm", async () => {
  const attempts = [];
  const onAttempt = (attempt) => {
    attempts.push(attempt);
    if (attempt.number === 1) throw new Error("the log is full");
  };
  const { meta } = await call(client({ onAttempt }), { key: "k1" }, lost(), problem(409, "in-flight"), [201, created]);
  assert.equal(meta.attempts, 3);
  assert.deepEqual(attempts.map(({ operation, key, number, status, kind, delay }) => [operation, key, number, status, kind, delay]), [
    ["orders.create", "k1", 1, 0, "network", 200],
    ["orders.create", "k1", 2, 409, "in-flight", 400],
    ["orders.create", "k1", 3, 201, "", null],
  ]);
  assert.deepEqual(world.uncaught, ["the log is full"]);
});

test("the address may have a prefix, and must be one of HTTP", async () => {
  for (const [baseUrl, url] of [["http://h:1/api/", "http://h:1/api/orders"], [new URL("https://h/a/b?x#y"), "https://h/a/b/orders"]]) {
    await call(client({ baseUrl }), {}, [201, created]);
    assert.equal(world.requests.at(-1).url, url);
  }
  for (const baseUrl of ["ftp://h", "not an address", ""]) assert.throws(() => client({ baseUrl }), TypeError);
  assert.throws(() => client({ baseUrl: undefined }), TypeError);
  globalThis.location = { origin: "https://page.example", href: "https://page.example/a/b" };
  await call(client({ baseUrl: undefined }), {}, [201, created]);
  assert.equal(world.requests.at(-1).url, "https://page.example/orders");
  await call(client({ baseUrl: "/api" }), {}, [201, created]);
  assert.equal(world.requests.at(-1).url, "https://page.example/api/orders");
});

test("options reach fetch", async () => {
  const seen = [];
  const own = async function (url, init) {
    assert.equal(this, undefined, "a browser's own fetch throws then");
    seen.push([url, init.credentials, init.redirect]);
    return new Response(JSON.stringify(created), { headers: { "Content-Type": "application/json" } });
  };
  await client({ fetch: own, credentials: "include" }).createOrder(input);
  await client({ fetch: own }).send(createOrder(input));
  assert.deepEqual(seen, [["https://shop.example/orders", "include", "manual"], ["https://shop.example/orders", undefined, "manual"]]);
});
