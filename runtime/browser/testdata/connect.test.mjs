import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { begin, event, listen, nextAttempt, pass, settle, welcome, world } from "./world.mjs";

beforeEach(begin);

test("an event reaches the page once, under two names", () => {
  const { feed, told } = listen({}, "order.created");
  assert.equal(world.socket.url.href, "wss://shop.example/ws");
  assert.equal(feed.state, "connecting");
  world.socket.say(welcome("e.7"));
  assert.deepEqual([feed.state, feed.transport, feed.cursor], ["live", "ws", "e.7"]);
  world.socket.say(event(8));
  world.socket.say(event(8));
  assert.deepEqual(told, [["state", "live"], ["event", "e.8"], ["order.created", event(8)]]);
  assert.equal(feed.cursor, "e.8");
  world.socket.say({ notice: "position", cursor: "e.20" });
  assert.equal(feed.cursor, "e.20");
  assert.deepEqual(world.delays, [], "a live connection waits for nothing");
});

test("a listener sees the cursor of its event", () => {
  const { feed } = listen({});
  const seen = [];
  feed.addEventListener("event", () => seen.push(feed.cursor));
  world.socket.say(welcome("e.1"));
  world.socket.say(event(2));
  assert.deepEqual(seen, ["e.2"]);
});

test("an event whose type is a name of ours is an event only", () => {
  const { told } = listen({});
  world.socket.say(welcome("e.1"));
  world.socket.say(event(2, "gap"));
  assert.deepEqual(told, [["state", "live"], ["event", "e.2"]]);
});

test("after an interruption it resumes, and repeats nothing", async () => {
  const { feed, told, events } = listen({ cursor: "e.1" });
  assert.equal(world.socket.url.search, "?last_event_id=e.1");
  world.socket.say(welcome("e.1", { recovered: true }));
  world.socket.say(event(2));
  for (const code of [1001, 1006, 1011, 1013]) {
    world.socket.end(code);
    assert.equal(feed.state, "waiting");
    await nextAttempt();
    assert.equal(world.socket.url.search, "?last_event_id=e.2");
    world.socket.say(welcome("e.2", { recovered: true }));
    world.socket.say(event(2));
  }
  world.socket.say(event(3));
  assert.deepEqual(events(), ["e.2", "e.3"]);
  assert.equal(world.sockets.length, 5);
  assert.ok(!told.some(([name]) => name === "gap"));
});

test("what is lost is told, and it goes on from now", async () => {
  const { feed, told } = listen({ cursor: "old.1" });
  const cursors = [];
  feed.addEventListener("gap", () => cursors.push(feed.cursor, feed.state));
  world.socket.say(welcome("new.5", { recovered: false }));
  assert.deepEqual(told, [["state", "live"], ["gap", null]]);
  assert.deepEqual(cursors, ["new.5", "live"]);
  world.socket.end();
  await nextAttempt();
  assert.equal(world.socket.url.search, "?last_event_id=new.5");
});

test("waits get longer up to the longest, and are not in step", async () => {
  const { feed } = listen({ sse: null });
  for (const longest of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    world.random = 1;
    world.socket.end();
    await settle();
    assert.equal(feed.state, "waiting");
    assert.deepEqual(world.delays, [longest]);
    await pass(longest);
  }
  world.random = 0.25;
  world.socket.end();
  await settle();
  assert.deepEqual(world.delays, [7_500]);
});

test("only a connection that has lasted ends the caution", async () => {
  listen({ sse: null });
  for (const longest of [500, 1_000, 2_000]) {
    world.socket.say(welcome("e.1"));
    await pass(4_999);
    world.socket.end();
    await settle();
    assert.deepEqual(world.delays, [longest]);
    await pass(longest);
  }
  world.socket.say(welcome("e.1"));
  await pass(5_000);
  world.socket.end();
  await settle();
  assert.deepEqual(world.delays, [250]);
});

test("reasons to hope cut a wait short", async () => {
  const { feed } = listen({ sse: null });
  let attempts = 1;
  for (const name of ["online", "pageshow", "visibilitychange"]) {
    world.socket.end();
    await settle();
    assert.equal(feed.state, "waiting");
    world.wake(name);
    assert.equal(feed.state, "connecting");
    assert.equal(world.sockets.length, ++attempts);
    world.wake("pageshow"); // it is on its way
    assert.equal(world.sockets.length, attempts);
  }
  world.socket.end();
  await settle();
  globalThis.document.visibilityState = "hidden";
  world.wake("visibilitychange");
  assert.equal(feed.state, "waiting");
});

test("another network gets another connection", () => {
  listen({});
  world.socket.say(welcome("e.1"));
  world.socket.say(event(2));
  const before = world.socket;
  world.wake("online");
  assert.ok(before.closed);
  assert.equal(world.socket.url.search, "?last_event_id=e.2");
  before.say(event(3));
  before.end();
  world.socket.say(welcome("e.2", { recovered: true }));
  assert.equal(world.sockets.length, 2);
});

test("close is the end, also in the middle", async () => {
  const { feed, told } = listen({});
  feed.addEventListener("event", () => feed.close());
  world.socket.say(welcome("e.1"));
  world.socket.say(event(2));
  world.socket.say(event(3));
  world.socket.end();
  feed.close();
  world.wake("online");
  feed.subscribe("a");
  await pass(600_000);
  assert.deepEqual(told, [["state", "live"], ["event", "e.2"], ["state", "closed"]]);
  assert.deepEqual([...world.listeners], []);
  assert.equal(world.sockets.length, 1);
  assert.deepEqual(world.delays, []);
});

test("close ends a wait, and what a listener closes stays closed", async () => {
  const first = listen({});
  world.socket.end();
  first.feed.close();
  const second = listen({});
  second.feed.addEventListener("state", () => second.feed.close());
  world.socket.end();
  await pass(600_000);
  const third = listen({});
  third.feed.addEventListener("state", ({ detail }) => detail === "connecting" && third.feed.close());
  world.socket.end();
  await pass(600_000);
  assert.deepEqual([second.feed.state, third.feed.state], ["closed", "closed"]);
  assert.equal(world.sockets.length + world.sources.length, 3);
});

test("a server that finds fault with us is not asked again", async () => {
  for (const code of [1003, 1007, 1008, 1009]) {
    const { feed, told } = listen({});
    world.socket.say(welcome("e.1"));
    world.socket.end(code, "not like this");
    await pass(600_000);
    assert.equal(feed.state, "closed");
    assert.deepEqual(told.at(-1), ["refused", { detail: "not like this", rooms: [], status: code }]);
  }
  assert.equal(world.sockets.length, 4);
});

test("memory for IDs is bounded", () => {
  const { events } = listen({});
  world.socket.say(welcome("e.0"));
  for (let n = 1; n <= 1_001; n++) world.socket.say(event(n));
  world.socket.say(event(2)); // one of the last thousand
  assert.equal(events().length, 1_001);
  world.socket.say(event(1));
  assert.equal(events().length, 1_002);
});

test("addresses are checked at once", () => {
  assert.throws(() => listen({ ws: null, sse: null }), TypeError);
  assert.throws(() => listen({ ws: "http://[" }), TypeError);
  listen({ ws: "https://other.example:8443/a?token=t" });
  assert.equal(world.socket.url.href, "wss://other.example:8443/a?token=t");
  listen({ ws: undefined, minDelay: undefined });
  assert.equal(world.socket.url.href, "wss://shop.example/ws");
});
