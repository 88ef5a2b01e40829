import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { begin, event, listen, nextAttempt, pass, settle, welcome, world } from "./world.mjs";

beforeEach(begin);

/** Has the feed welcomed over Server-Sent Events, WebSocket being blocked. */
async function blocked(options) {
  const page = listen(options);
  world.socket.end();
  await pass(500);
  world.source.say(welcome(options?.cursor ?? "e.1"));
  return page;
}

test("where WebSocket is blocked, Server-Sent Events are next", async () => {
  const { feed, events } = await blocked({ cursor: "e.1", withCredentials: true });
  assert.equal(world.source.url.href, "https://shop.example/events?last_event_id=e.1");
  assert.deepEqual(world.source.init, { withCredentials: true });
  assert.deepEqual([feed.state, feed.transport], ["live", "sse"]);
  world.source.say(event(2));
  world.source.say(event(2));
  world.source.say({ notice: "position", cursor: "e.9" });
  assert.deepEqual(events(), ["e.2"]);
  assert.equal(feed.cursor, "e.9");
});

test("where there is no WebSocket at all, too", async () => {
  delete globalThis.WebSocket;
  const { feed } = listen();
  await pass(500);
  world.source.say(welcome("e.1"));
  assert.deepEqual([feed.state, feed.transport], ["live", "sse"]);
});

test("an upgrade without an answer is given up", async () => {
  const { feed } = listen();
  const first = world.socket;
  await pass(4_999);
  assert.equal(feed.state, "connecting");
  await pass(1);
  assert.equal(feed.state, "waiting");
  assert.ok(first.closed);
  await pass(500);
  assert.equal(world.sources.length, 1);
  first.say(welcome("e.1")); // too late
  assert.equal(feed.state, "connecting");
  await pass(9_999); // more patience with each failure
  assert.equal(world.source.closed, undefined);
  await pass(1);
  assert.ok(world.source.closed);
});

test("they take turns until one is welcomed", async () => {
  listen();
  const order = [];
  for (let i = 0; i < 4; i++) {
    const now = world.sockets.length + world.sources.length;
    const link = i % 2 === 0 ? world.socket : world.source;
    order.push(link.constructor.name);
    link.end();
    await nextAttempt();
    assert.equal(world.sockets.length + world.sources.length, now + 1);
  }
  assert.deepEqual(order, ["FakeWebSocket", "FakeEventSource", "FakeWebSocket", "FakeEventSource"]);
});

test("a WebSocket that has worked gets some patience", async () => {
  const { feed } = listen();
  world.socket.say(welcome("e.1"));
  for (let i = 0; i < 4; i++) {
    assert.equal(feed.transport, "ws", `after ${i} failures`);
    world.socket.end();
    await nextAttempt();
  }
  assert.equal(feed.transport, "sse");
  assert.equal(world.source.url.search, "?last_event_id=e.1");
});

test("what works is kept, and WebSocket gets another chance later", async () => {
  const { feed } = await blocked();
  world.source.say(event(2));
  world.source.end();
  assert.ok(world.source.closed);
  await pass(5_000);
  assert.equal(world.source.url.search, "?last_event_id=e.2");
  world.source.say(welcome("e.2", { recovered: true }));
  await pass(300_000);
  assert.equal(feed.state, "live");
  world.source.end();
  await pass(250);
  assert.equal(world.sockets.length, 2);
  world.socket.say(welcome("e.2", { recovered: true }));
  assert.deepEqual([feed.state, feed.transport], ["live", "ws"]);
});

test("another network may let WebSocket through", async () => {
  const { feed } = await blocked();
  world.wake("online");
  assert.ok(world.source.closed);
  world.socket.say(welcome("e.1", { recovered: true }));
  assert.equal(feed.transport, "ws");
});

test("nothing comes from a source after its end", async () => {
  const { feed, events } = await blocked();
  feed.addEventListener("event", () => feed.close());
  world.source.say(event(2));
  world.source.say(event(3));
  assert.deepEqual(events(), ["e.2"]);
});

test("a refusal ends the feed, with the server's words", async () => {
  world.answer = { status: 403, body: '{"detail":"not you"}' };
  const { feed, told } = listen({ sse: "/events?a=b" });
  world.socket.end();
  await pass(500);
  world.source.end();
  await pass(600_000);
  assert.equal(feed.state, "closed");
  assert.deepEqual(told.at(-1), ["refused", { detail: "not you", rooms: [], status: 403 }]);
  assert.deepEqual(world.asked.map(({ url }) => url), ["https://shop.example/events?a=b"]);
  assert.ok(world.asked[0].init.signal.aborted, "no stream stays open behind it");
});

test("a refusal without words is one, too", async () => {
  world.answer = { status: 401, body: "<html>" };
  const { told } = listen({ ws: null });
  world.source.end();
  await settle();
  await settle();
  assert.deepEqual(told.at(-1), ["refused", { detail: "", rooms: [], status: 401 }]);
});

test("a server that is busy says when to come back", async () => {
  world.answer = { status: 503, headers: { "Retry-After": "10" } };
  const { feed } = listen({ ws: null });
  world.source.end();
  await pass(0);
  assert.equal(feed.state, "waiting");
  assert.deepEqual(world.delays, [10_500]);
  await pass(10_500);
  world.source.say(welcome("e.1"));
  assert.equal(feed.state, "live");
});

test("a question without an answer holds up nothing for long", async () => {
  globalThis.fetch = (url, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const { feed } = listen({ ws: null });
  world.source.end();
  await pass(5_500);
  assert.equal(feed.state, "connecting");
  assert.equal(world.sources.length, 2);
});

test("an answer that comes too late changes nothing", async () => {
  let answer;
  globalThis.fetch = () => new Promise((resolve) => (answer = resolve));
  const { feed } = listen({ ws: null });
  world.source.end();
  world.wake("pageshow"); // it does not wait for the answer
  world.source.say(welcome("e.1"));
  answer(new Response("{}", { status: 403 }));
  await settle();
  await settle();
  assert.equal(feed.state, "live");
  assert.deepEqual(world.delays, []);
});
