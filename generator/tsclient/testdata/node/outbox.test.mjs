import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { IDBFactory } from "fake-indexeddb";
import { openOutbox } from "../out/orders/cnerium-outbox.js";
import { cancelOrder, createOrder, OrdersClient } from "../out/orders/orders.js";
import { exportOperation } from "../out/shapes/shapes-things.js";
import { begin, delays, hang, lost, pass, problem, settle, wake, world } from "./world.mjs";

let indexedDB;
let opened;

const closeAll = async () => {
  for (const outbox of opened ?? []) await outbox.close();
};

after(closeAll);

beforeEach(async () => {
  await closeAll();
  begin();
  Object.defineProperty(globalThis, "navigator", { value: undefined, configurable: true }); // no locks
  indexedDB = new IDBFactory();
  opened = [];
});

const order = (n) => createOrder({ product_id: `p${n}`, quantity: n });
const created = { ok: true, order_id: "ord_1", product_id: "p1", quantity: 1 };
const day = 86_400_000;

/** Opens the outbox of a page, and notes what it is told. */
async function open(options, clientOptions) {
  const told = [];
  const api = new OrdersClient({ baseUrl: "https://shop.example", ...clientOptions });
  const outbox = await openOutbox(api, { indexedDB, onSettled: (entry) => told.push([entry.id, entry.state]), ...options });
  opened.push(outbox);
  return { outbox, told };
}

/** Lets everything run until something is so. */
async function until(condition) {
  for (let i = 0; !(await condition()); i++) {
    assert.ok(i < 500, "it does not come to that");
    await settle();
  }
}

const requested = (n) => until(() => world.requests.length === n);
const keys = () => world.requests.map(({ headers }) => headers["idempotency-key"]);
const states = async (outbox) => (await outbox.entries()).map(({ state }) => state);

test("an operation is written down before it is sent, and its answer kept until it is taken", async () => {
  const { outbox, told } = await open();
  let written;
  world.answers.push(async () => {
    const db = await new Promise((resolve) => { indexedDB.open("cnerium-outbox").onsuccess = (e) => resolve(e.target.result); });
    written = await new Promise((resolve) => { db.transaction("entries").objectStore("entries").getAll().onsuccess = (e) => resolve(e.target.result); });
    db.close();
    return new Response(JSON.stringify(created), { status: 201, headers: { "Content-Type": "application/json", "Event-Cursor": "e.4", "Idempotency-Replayed": "true" } });
  });
  const entry = await outbox.add(order(1), { key: "k1", data: { row: 7 } });
  assert.deepEqual([entry.state, entry.request.key, entry.sent, entry.data], ["pending", "k1", null, { row: 7 }]);
  const settled = await outbox.settled(entry.id);
  assert.equal(written.length, 1);
  assert.deepEqual([written[0].state, written[0].attempts, written[0].sent], ["pending", 1, world.now]);
  assert.equal(world.requests[0].body, written[0].request.body);
  assert.deepEqual(settled, {
    ...entry, state: "done", sent: world.now, attempts: 1, status: 201, value: created, replayed: true, cursor: "e.4",
  });
  assert.deepEqual(told, [[entry.id, "done"]]);
  assert.deepEqual(await outbox.take(entry.id), settled);
  assert.equal(await outbox.take(entry.id), undefined);
  assert.equal(await outbox.settled(entry.id), undefined);
  assert.deepEqual(await outbox.entries(), []);
});

test("it is sent again with its key and bytes until there is an answer", async () => {
  const { outbox } = await open();
  world.answers.push(lost(), [503, null, { "Retry-After": "30" }], problem(409, "in-flight"), [201, created]);
  const { id, request } = await outbox.add(order(1));
  const starts = [];
  for (let n = 1; n <= 4; n++) {
    await requested(n);
    starts.push(world.now);
    await until(() => n === 4 || delays().length === 1);
    await pass(delays()[0] ?? 0);
  }
  assert.equal((await outbox.settled(id)).state, "done");
  assert.deepEqual(starts.map((at) => at - starts[0]), [0, 1_000, 33_000, 37_000]);
  for (const { headers, body } of world.requests) assert.deepEqual([headers["idempotency-key"], body], [request.key, request.body]);
});

test("what went wrong can be seen while it is pending", async () => {
  const { outbox } = await open();
  world.answers.push(problem(503, "unavailable"));
  const { id } = await outbox.add(order(1));
  await until(() => delays().length === 1);
  const [entry] = await outbox.entries();
  assert.deepEqual([entry.id, entry.state, entry.kind, entry.status, entry.problem.detail, entry.due], [id, "pending", "unavailable", 503, "the detail", world.now + 1_000]);
  assert.equal(await outbox.take(id), undefined, "it must not be lost");
});

test("entries of a queue are sent in order, and queues do not wait for each other", async () => {
  const { outbox } = await open();
  world.answers.push(lost(), [201, created], [200, {}], [201, created], [201, created]);
  await outbox.add(order(1), { key: "a1", queue: "a" });
  await outbox.add(order(2), { key: "a2", queue: "a" });
  await until(() => delays().length === 1);
  await outbox.add(order(1), { key: "b1", queue: "b" });
  await outbox.add(cancelOrder("ord_1"), { key: "b2", queue: "b" });
  await requested(3);
  assert.deepEqual(keys(), ["a1", "b1", "b2"]);
  await until(async () => (await states(outbox)).filter((state) => state === "done").length === 2);
  await pass(1_000);
  await requested(5);
  assert.deepEqual(keys(), ["a1", "b1", "b2", "a1", "a2"]);
});

test("a page that is closed in the middle goes on when it is opened again", async () => {
  const first = await open();
  world.answers.push(hang);
  const { id } = await first.outbox.add(order(1), { key: "k1" });
  await first.outbox.add(order(2), { key: "k2" });
  await requested(1);
  await first.outbox.close();
  assert.deepEqual(world.timers.size, 0, "nothing is left behind");
  assert.deepEqual([...world.listeners], []);
  await pass(day / 2);
  world.answers.push([201, created, { "Idempotency-Replayed": "true" }], [201, created]);
  const second = await open();
  const settled = await second.outbox.settled(id);
  await requested(3);
  assert.deepEqual(keys(), ["k1", "k1", "k2"]);
  assert.deepEqual([settled.replayed, settled.attempts, world.requests[0].body], [true, 2, world.requests[1].body]);
  await assert.rejects(first.outbox.add(order(1)), TypeError);
  await assert.rejects(first.outbox.settled(id), TypeError);
});

for (const [answer, kind] of [
  [problem(409, "key-reused"), "key-reused"], [problem(409, "outcome-unknown"), "outcome-unknown"], [problem(422, "about:blank"), "refused"],
  [[404], "refused"], [[500], "server"], [[201, "{"], "unreadable"],
]) {
  test(`${answer[0]} ${kind} is kept as a failure, and the next goes on`, async () => {
    const { outbox, told } = await open();
    world.answers.push(answer, [201, created]);
    const { id } = await outbox.add(order(1), { key: "k1" });
    await outbox.add(order(2), { key: "k2" });
    const failed = await outbox.settled(id);
    assert.deepEqual([failed.state, failed.kind, failed.status], ["failed", kind, answer[0]]);
    assert.equal(failed.problem?.type, answer[1]?.type);
    await until(() => told.length === 2);
    assert.deepEqual(told, [[id, "failed"], [id + 1, "done"]]);

    // The application is asked until it has taken it.
    await outbox.close();
    const again = await open();
    assert.deepEqual(again.told, told);
    world.answers.push([201, created]);
    assert.equal((await again.outbox.retry(id)).state, "pending");
    assert.equal((await again.outbox.settled(id)).state, "done");
    assert.deepEqual(keys(), ["k1", "k2", "k1"]);
    await until(() => again.told.length === 3);
    assert.equal(await again.outbox.retry(id), undefined, "it has happened");
  });
}

test("who knows that it has not happened can send it with another key", async () => {
  const { outbox } = await open();
  world.answers.push(problem(422, "about:blank"), [201, created]);
  const { id } = await outbox.add(order(1), { key: "k1" });
  await outbox.settled(id);
  const { request } = await outbox.retry(id, { newKey: true });
  await outbox.settled(id);
  assert.deepEqual(keys(), ["k1", request.key]);
  assert.notEqual(request.key, "k1");
  assert.equal(world.requests[1].body, world.requests[0].body);
});

test("a key that the server may have forgotten is not sent again", async () => {
  const { outbox, told } = await open();
  world.answers.push(lost());
  const { id } = await outbox.add(order(1), { key: "k1" });
  await until(() => delays().length === 1);
  await outbox.close();
  world.now += day - 300_001; // the entry may still be sent
  world.answers.push(lost());
  const second = await open();
  await requested(2);
  await until(() => delays().length === 1);
  await second.outbox.close();
  world.now += 1;
  const third = await open();
  const expired = await third.outbox.settled(id);
  assert.deepEqual([expired.state, expired.attempts, expired.kind], ["expired", 2, "network"]);
  assert.deepEqual([told, second.told, third.told], [[], [], [[id, "expired"]]]);
  world.answers.push([201, created]);
  assert.equal((await third.outbox.retry(id)).sent, null);
  assert.equal((await third.outbox.settled(id)).state, "done");
  assert.deepEqual(keys(), ["k1", "k1", "k1"]);
});

test("what was never sent does not expire", async () => {
  let signedIn = false;
  const headers = () => {
    if (!signedIn) throw new Error("nobody is signed in");
    return {};
  };
  const { outbox } = await open({}, { headers });
  const { id } = await outbox.add(order(1));
  await until(() => delays().length === 1);
  await outbox.close();
  world.now += 10 * day;
  signedIn = true;
  world.answers.push([201, created]);
  const second = await open({}, { headers });
  const { state, sent, attempts } = await second.outbox.settled(id);
  assert.deepEqual([state, sent, attempts], ["done", world.now, 2]);
});

test("it waits for somebody to sign in, and for the real server", async () => {
  const { outbox } = await open();
  world.random = 0;
  world.answers.push([401], [302, null, { Location: "https://wifi.example/" }], [200, "<html>", { "Content-Type": "text/html" }], [201, created]);
  const { id } = await outbox.add(order(1), { key: "k1" });
  const { state, attempts } = await outbox.settled(id);
  assert.deepEqual([state, attempts, keys()], ["done", 4, ["k1", "k1", "k1", "k1"]]);
});

test("being online again cuts the waiting short", async () => {
  const { outbox } = await open({ minDelay: 3_600_000, maxDelay: 3_600_000 });
  world.answers.push(lost(), [201, created]);
  const { id } = await outbox.add(order(1));
  await until(() => delays().includes(3_600_000));
  wake("online");
  assert.equal((await outbox.settled(id)).attempts, 2);
});

test("only one page sends, and another goes on when it is closed", async () => {
  const first = await open();
  const second = await open();
  world.answers.push(hang);
  const { id } = await second.outbox.add(order(1), { key: "k1" });
  await requested(1);
  await first.outbox.add(order(2), { key: "k2" });
  await pass(60_000 - 30_000); // the lease is renewed
  assert.equal(world.requests.length, 1);
  world.answers.push([201, created], [201, created]);
  const told = first.outbox.settled(id);
  await second.outbox.close();
  await pass(10_000);
  await requested(3);
  assert.deepEqual(keys(), ["k1", "k1", "k2"]);
  assert.equal((await told).state, "done");
});

test("a page that was killed keeps others waiting only as long as its lease", async () => {
  const first = await open();
  world.answers.push(hang);
  const { id } = await first.outbox.add(order(1), { key: "k1" });
  await requested(1);
  world.timers.clear(); // it is gone
  world.answers.push([201, created]);
  const second = await open();
  await settle();
  assert.equal(world.requests.length, 1);
  await pass(10_000);
  assert.equal((await second.outbox.settled(id)).state, "done");
  assert.deepEqual(keys(), ["k1", "k1"]);
});

test("all open pages are told", async () => {
  const first = await open();
  const second = await open();
  world.answers.push([201, created]);
  const { id } = await first.outbox.add(order(1));
  await first.outbox.settled(id);
  assert.equal((await second.outbox.settled(id)).state, "done");
  await until(() => first.told.length === 1 && second.told.length === 1);
  assert.deepEqual(second.told, [[id, "done"]]);

  world.answers.push([500], [500]);
  const failing = await first.outbox.add(order(2));
  await first.outbox.settled(failing.id);
  await until(() => second.told.length === 2);
  await first.outbox.retry(failing.id);
  await first.outbox.settled(failing.id);
  await until(() => second.told.length === 3); // of each end
});

test("a key is in the outbox once", async () => {
  const { outbox } = await open();
  world.answers.push([201, created]);
  const { id } = await outbox.add(order(1), { key: "k1" });
  assert.equal((await outbox.add(order(1), { key: "k1" })).id, id);
  const settled = await outbox.settled(id);
  assert.deepEqual(await outbox.add(order(1), { key: "k1" }), settled);
  await assert.rejects(outbox.add(order(2), { key: "k1" }), TypeError);
  await assert.rejects(outbox.add(cancelOrder("1"), { key: "k1" }), TypeError);
  await assert.rejects(outbox.add(order(1), { key: "" }), TypeError);
  await assert.rejects(outbox.add(order(1), { data: () => {} }));
  assert.equal((await outbox.entries()).length, 1);
});

test("an answer is kept whatever it is", async () => {
  const { outbox } = await open();
  world.answers.push([200, "a,b", { "Content-Type": "text/csv" }]);
  const { value } = await outbox.settled((await outbox.add(exportOperation())).id);
  assert.deepEqual([value.status, new Map(value.headers).get("content-type"), new TextDecoder().decode(value.body)], [200, "text/csv", "a,b"]);
  await outbox.close();
  const odd = await open({}, { parse: () => ({ f: () => {} }) });
  world.answers.push([201, created]);
  const failed = await odd.outbox.settled((await odd.outbox.add(order(1))).id);
  assert.deepEqual([failed.state, failed.kind, failed.value], ["failed", "unreadable", undefined]);
});

test("a page without a database is told", async () => {
  await assert.rejects(openOutbox(new OrdersClient({ baseUrl: "https://shop.example" })), TypeError);
});

test("with the locks of the browser, no lease is taken", async () => {
  const held = [];
  let release = Promise.resolve();
  const request = async (name, { signal }, work) => {
    signal.throwIfAborted();
    held.push(name);
    release = release.then(() => (signal.aborted ? undefined : work()));
    return release;
  };
  Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
  const { outbox } = await open();
  world.answers.push([201, created]);
  const { id } = await outbox.add(order(1), { queue: "q" });
  assert.equal((await outbox.settled(id)).state, "done");
  assert.ok(held.every((name) => name === "cnerium-outbox:q") && held.length >= 1);
  assert.deepEqual(delays(), []);
});
