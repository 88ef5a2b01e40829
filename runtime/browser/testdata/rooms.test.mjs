import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { begin, event, listen, pass, settle, welcome, world } from "./world.mjs";

beforeEach(begin);

const roomsOf = (link) => link.url.searchParams.getAll("room");

test("rooms of the beginning are part of the address", () => {
  listen({ rooms: ["a b", "c&d"] });
  assert.deepEqual(roomsOf(world.socket), ["a b", "c&d"]);
});

test("rooms come and go over WebSocket, and are kept when it connects again", async () => {
  const { feed } = listen({ rooms: ["a"] });
  feed.subscribe("b");
  world.socket.say(welcome("e.1", { rooms: ["a"] }));
  await settle();
  feed.subscribe("c");
  feed.subscribe("c", "d");
  feed.unsubscribe("a", "never");
  await settle();
  assert.deepEqual(world.socket.sent, [
    { action: "subscribe", rooms: ["b"] },
    { action: "subscribe", rooms: ["c"] },
    { action: "subscribe", rooms: ["d"] },
    { action: "unsubscribe", rooms: ["a"] },
  ]);
  world.socket.say({ notice: "subscribed", rooms: ["b"], cursor: "e.2" });
  world.socket.say({ notice: "subscribed", rooms: ["c"] });
  assert.equal(feed.cursor, "e.2");
  world.socket.end(); // before d was answered
  await pass(500);
  assert.deepEqual(roomsOf(world.socket), ["b", "c"], "d may be one that is not open to us");
  world.socket.say(welcome("e.2", { recovered: true, rooms: ["b", "c"] }));
  assert.deepEqual(world.socket.sent, [{ action: "subscribe", rooms: ["d"] }]);
});

test("a room that is refused is told and not asked for again", async () => {
  const { feed, told } = listen();
  world.socket.say(welcome("e.1"));
  feed.subscribe("a", "secret", "b");
  await settle();
  world.socket.say({ notice: "subscribed", rooms: ["a"] });
  world.socket.say({ notice: "error", detail: "not open to you" });
  world.socket.say({ notice: "subscribed", rooms: ["b"] });
  assert.deepEqual(told.at(-1), ["refused", { detail: "not open to you", rooms: ["secret"] }]);
  assert.equal(feed.state, "live");
  world.socket.end();
  await pass(500);
  assert.deepEqual(roomsOf(world.socket), ["a", "b"]);
  world.socket.say(welcome("e.1", { recovered: true, rooms: ["a", "b"] }));
  assert.deepEqual(world.socket.sent, []);
});

test("an answer to something else refuses no room", async () => {
  const { feed, told } = listen({ rooms: ["a"] });
  world.socket.say(welcome("e.1", { rooms: ["a"] }));
  feed.unsubscribe("a");
  await settle();
  feed.subscribe("a");
  world.socket.say({ notice: "error", detail: "odd" });
  world.socket.say({ notice: "error", detail: "odder" });
  assert.deepEqual(told, [["state", "live"]]);
});

test("over Server-Sent Events a new address says the rooms", async () => {
  const { feed, events } = listen({ ws: null, rooms: ["a"] });
  world.source.say(welcome("e.1", { rooms: ["a"] }));
  world.source.say(event(2));
  feed.subscribe("b");
  feed.subscribe("c");
  const before = world.source;
  await settle();
  assert.ok(before.closed);
  assert.equal(world.sources.length, 2);
  assert.deepEqual(roomsOf(world.source), ["a", "b", "c"]);
  assert.equal(world.source.url.searchParams.get("last_event_id"), "e.2");
  world.source.say(welcome("e.2", { recovered: true, rooms: ["a", "b", "c"] }));
  world.source.say(event(3));
  assert.deepEqual(events(), ["e.2", "e.3"]);
  feed.unsubscribe("a");
  await settle();
  assert.deepEqual(roomsOf(world.source), ["b", "c"]);
});

test("rooms that are asked for while it connects are not forgotten", async () => {
  const { feed } = listen({ ws: null });
  feed.subscribe("a");
  await settle();
  assert.equal(world.sources.length, 1);
  world.source.say(welcome("e.1"));
  assert.equal(world.sources.length, 2);
  assert.deepEqual(roomsOf(world.source), ["a"]);
});

test("a room that is refused over Server-Sent Events leaves the others", async () => {
  const { feed, told } = listen({ ws: null, rooms: ["a"] });
  world.source.say(welcome("e.1", { rooms: ["a"] }));
  feed.subscribe("secret");
  await settle();
  world.answer = { status: 403, body: '{"detail":"not open to you"}' };
  world.source.end();
  await pass(0);
  assert.deepEqual(roomsOf(world.source), ["a"]);
  world.source.say(welcome("e.1", { recovered: true, rooms: ["a"] }));
  assert.equal(feed.state, "live");
  assert.deepEqual(
    told.filter(([name]) => name === "refused"),
    [["refused", { detail: "not open to you", rooms: ["secret"], status: 403 }]],
  );
});
