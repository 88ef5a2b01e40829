import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { subscribe } from "../out/orders/cnerium-events.js";
import { OrdersClient } from "../out/orders/orders.js";
import { begin, delays, hang, pass, problem, settle, wake, world } from "./world.mjs";

let sockets;

beforeEach(() => {
  begin();
  sockets = [];
  globalThis.WebSocket = FakeWebSocket;
});

class FakeWebSocket {
  constructor(url) {
    this.url = new URL(url);
    this.sent = [];
    sockets.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  say(message) {
    this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }
  end(code = 1006, reason = "") {
    this.onclose?.({ code, reason });
  }
}

const socket = () => sockets.at(-1);

/** Connects, and notes what the page is told. */
function listen(options = {}, baseUrl = "https://shop.example") {
  const told = [];
  const note = (name) => (detail) => told.push([name, detail]);
  const feed = subscribe(baseUrl, { "order.created": (data, event) => told.push(["order.created", data.n, event.id]) }, {
    onState: note("state"), onGap: note("gap"), onRefused: note("refused"), onEvent: (event) => told.push(["event", event.id]), ...options,
  });
  const ids = () => told.filter(([name]) => name === "event").map(([, id]) => id);
  return { feed, told, ids };
}

const welcome = (cursor, more) => ({ notice: "welcome", cursor, ...more });
const event = (n, type = "order.created") => ({ specversion: "1.0", id: `e.${n}`, cursor: `e.${n}`, type, data: { n } });

async function nextAttempt() {
  await settle();
  assert.equal(delays().length, 1);
  await pass(delays()[0]);
}

test("a listener gets its type of event, once", () => {
  const { feed, told } = listen();
  assert.equal(socket().url.href, "wss://shop.example/ws");
  socket().say(welcome("e.7"));
  assert.deepEqual([feed.state, feed.transport, feed.cursor], ["live", "ws", "e.7"]);
  socket().say(event(8));
  socket().say(event(8));
  socket().say(event(9, "order.cancelled"));
  socket().say(event(10, "toString"));
  assert.deepEqual(told, [["state", "live"], ["order.created", 8, "e.8"], ["event", "e.8"], ["event", "e.9"], ["event", "e.10"]]);
  socket().say({ notice: "position", cursor: "e.20" });
  assert.equal(feed.cursor, "e.20");
  assert.deepEqual(delays(), [], "a live connection waits for nothing");
});

test("a generated client knows the address, and its answers where to begin", () => {
  const api = new OrdersClient({ baseUrl: "http://shop.example/api/" });
  const seen = [];
  api.subscribe({ "order.created": (data) => seen.push(data) }, { cursor: "e.1", rooms: ["a b"] });
  assert.equal(socket().url.href, "ws://shop.example/api/ws?room=a+b&last_event_id=e.1");
  socket().say(welcome("e.1", { recovered: true, rooms: ["a b"] }));
  socket().say(event(2));
  assert.deepEqual(seen, [{ n: 2 }]);
});

test("after an interruption it resumes, and repeats nothing", async () => {
  const { feed, told, ids } = listen({ cursor: "e.1" });
  socket().say(welcome("e.1", { recovered: true }));
  socket().say(event(2));
  for (const code of [1001, 1006, 1011, 1013]) {
    socket().end(code);
    assert.equal(feed.state, "waiting");
    await nextAttempt();
    assert.equal(socket().url.search, "?last_event_id=e.2");
    socket().say(welcome("e.2", { recovered: true }));
    socket().say(event(2));
  }
  socket().say(event(3));
  assert.deepEqual(ids(), ["e.2", "e.3"]);
  assert.equal(sockets.length, 5);
  assert.ok(!told.some(([name]) => name === "gap"));
});

test("what is lost is told, and it goes on from now", async () => {
  const { told } = listen({ cursor: "old.1" });
  socket().say(welcome("new.5", { recovered: false }));
  assert.deepEqual(told, [["state", "live"], ["gap", undefined]]);
  socket().end();
  await nextAttempt();
  assert.equal(socket().url.search, "?last_event_id=new.5");
});

test("waits get longer up to the longest, and are not in step", async () => {
  listen({ sse: null });
  for (const longest of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    socket().end();
    await settle();
    assert.deepEqual(delays(), [longest]);
    await pass(longest);
  }
  world.random = 0.25;
  socket().end();
  await settle();
  assert.deepEqual(delays(), [7_500]);
});

test("only a connection that has lasted ends the caution", async () => {
  listen({ sse: null });
  for (const longest of [500, 1_000, 2_000]) {
    socket().say(welcome("e.1"));
    await pass(4_999);
    socket().end();
    assert.deepEqual(delays(), [longest]);
    await pass(longest);
  }
  socket().say(welcome("e.1"));
  await pass(5_000);
  socket().end();
  assert.deepEqual(delays(), [250]);
});

test("reasons to hope cut a wait short", async () => {
  const { feed } = listen({ sse: null });
  let attempts = 1;
  for (const name of ["online", "pageshow", "visibilitychange"]) {
    socket().end();
    assert.equal(feed.state, "waiting");
    wake(name);
    assert.equal(feed.state, "connecting");
    assert.equal(sockets.length, ++attempts);
    wake("pageshow"); // it is on its way
    assert.equal(sockets.length, attempts);
  }
  socket().end();
  globalThis.document.visibilityState = "hidden";
  wake("visibilitychange");
  assert.equal(feed.state, "waiting");
});

test("another network gets another connection", () => {
  const { ids } = listen();
  socket().say(welcome("e.1"));
  socket().say(event(2));
  const before = socket();
  wake("online");
  assert.ok(before.closed);
  assert.equal(socket().url.search, "?last_event_id=e.2");
  before.say(event(3));
  before.end();
  assert.deepEqual(ids(), ["e.2"]);
  assert.equal(sockets.length, 2);
});

test("close is the end, also in the middle", async () => {
  const { feed, told } = listen({ onEvent: () => feed.close() });
  socket().say(welcome("e.1"));
  socket().say(event(2));
  socket().say(event(3));
  socket().end();
  feed.close();
  wake("online");
  feed.join("a");
  await pass(600_000);
  assert.deepEqual(told, [["state", "live"], ["order.created", 2, "e.2"], ["state", "closed"]]);
  assert.deepEqual([...world.listeners], []);
  assert.equal(sockets.length, 1);
  assert.deepEqual(delays(), []);
});

test("a listener that throws is reported, and the next event comes all the same", async () => {
  const seen = [];
  subscribe("https://shop.example", { "order.created": ({ n }) => { seen.push(n); throw new Error(`no ${n}`); } });
  socket().say(welcome("e.1"));
  socket().say(event(2));
  socket().say(`{"id":"e.3","cursor":"e.3","type":"order.created","data":{"n":9007199254740993}}`);
  socket().say(event(4));
  await settle();
  assert.deepEqual(seen, [2, 4]);
  assert.deepEqual(world.uncaught, ["no 2", "the answer has the integer 9007199254740993, which a number cannot hold", "no 4"]);
});

test("a server that finds fault with us is not asked again", async () => {
  for (const code of [1003, 1007, 1008, 1009]) {
    const { feed, told } = listen();
    socket().say(welcome("e.1"));
    socket().end(code, "not like this");
    await pass(600_000);
    assert.equal(feed.state, "closed");
    assert.deepEqual(told.at(-1), ["refused", { detail: "not like this", rooms: [], status: code }]);
  }
  assert.equal(sockets.length, 4);
});

test("memory for IDs is bounded", () => {
  const { ids } = listen();
  socket().say(welcome("e.0"));
  for (let n = 1; n <= 1_001; n++) socket().say(event(n));
  socket().say(event(2)); // one of the last thousand
  assert.equal(ids().length, 1_001);
  socket().say(event(1));
  assert.equal(ids().length, 1_002);
});

test("rooms are joined and left over an open connection, each by itself", async () => {
  const { feed, told } = listen({ rooms: ["a"] });
  socket().say(welcome("e.1", { rooms: ["a"] }));
  feed.join("b", "c");
  feed.leave("a");
  await settle();
  assert.deepEqual(socket().sent, [{ action: "subscribe", rooms: ["b"] }, { action: "subscribe", rooms: ["c"] }, { action: "unsubscribe", rooms: ["a"] }]);
  socket().say({ notice: "error", detail: "not b" });
  socket().say({ notice: "subscribed", rooms: ["c"], cursor: "e.1" });
  socket().say({ notice: "unsubscribed", rooms: ["a"], cursor: "e.1" });
  assert.deepEqual(told.at(-1), ["refused", { detail: "not b", rooms: ["b"], status: 0 }]);
  socket().end();
  await nextAttempt();
  assert.deepEqual(socket().url.searchParams.getAll("room"), ["c"]);
});

test("a room that is not open to us does not keep the others out", async () => {
  const { feed, told } = listen({ rooms: ["a"], sse: null });
  socket().end();
  feed.join("b");
  await nextAttempt();
  assert.deepEqual(socket().url.searchParams.getAll("room"), ["a"], "the server is asked for b when it has let us in");
  socket().say(welcome("e.1", { rooms: ["a"] }));
  assert.deepEqual(socket().sent, [{ action: "subscribe", rooms: ["b"] }]);
  socket().end(1008, "not like this");
  assert.equal(feed.state, "closed");
  assert.deepEqual(told.at(-1), ["refused", { detail: "not like this", rooms: [], status: 1008 }]);
});

// --- Server-Sent Events -------------------------------------------------------

/** Answers with a stream; say writes to it. */
function stream() {
  let controller;
  const body = new ReadableStream({ start: (c) => { controller = c; } });
  const write = async (text) => {
    controller.enqueue(typeof text === "string" ? new TextEncoder().encode(text) : text);
    await settle();
  };
  return {
    answer: ({ init }) => {
      init.signal.addEventListener("abort", () => controller.error(init.signal.reason));
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    },
    write,
    say: (message, type) => write(`${type ? `event: ${type}\n` : ""}id: x\ndata: ${JSON.stringify(message)}\n\n`),
    end: async () => { controller.close(); await settle(); },
  };
}

test("where WebSocket is blocked, a stream does", async () => {
  const first = stream();
  world.answers.push(first.answer);
  const { feed, ids } = listen({ headers: () => ({ Authorization: "Bearer t" }), credentials: "include", cursor: "e.1" });
  socket().end();
  await nextAttempt();
  const [request] = world.requests;
  assert.equal(request.url, "https://shop.example/events?last_event_id=e.1");
  assert.deepEqual(request.headers, { accept: "text/event-stream", authorization: "Bearer t" });
  assert.equal(request.init.credentials, "include");
  await first.say(welcome("e.1", { recovered: true }), "welcome");
  assert.deepEqual([feed.state, feed.transport], ["live", "sse"]);
  await first.say(event(2));
  const second = stream();
  world.answers.push(second.answer);
  await first.end();
  assert.equal(feed.state, "waiting");
  await nextAttempt();
  assert.equal(world.requests[1].url, "https://shop.example/events?last_event_id=e.2");
  await second.say(welcome("e.2", { recovered: true }), "welcome");
  await second.say(event(3));
  assert.deepEqual(ids(), ["e.2", "e.3"]);
  feed.close();
  await settle();
  assert.ok(world.requests[1].init.signal.aborted);
});

test("a stream is read however it is cut", async () => {
  const text = `: comment\r\n\r\nevent: welcome\rid: e.1\rdata: {"notice":"welcome",\rdata:"cursor":"e.1"}\r\r: \r\ndata: {"notice":\r\ndata: "position"}\r\n\r\n` +
    `retry: 1\ndata: ${JSON.stringify({ ...event(2), data: { n: "ä€😀\u2028" } })}\n\nid: e.3\r\n\r\ndata: ${JSON.stringify(event(3))}\r\n\r\ndata: {"half`;
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, 64, bytes.length]) {
    begin();
    const source = stream();
    world.answers.push(source.answer, hang);
    const { feed, ids, told } = listen({ ws: null });
    await settle();
    for (let i = 0; i < bytes.length; i += size) await source.write(bytes.slice(i, i + size));
    await source.end();
    assert.deepEqual(ids(), ["e.2", "e.3"], `in pieces of ${size}`);
    assert.ok(told.some(([name, n]) => name === "order.created" && n === "ä€😀\u2028"));
    feed.close();
  }
});

test("a refusal of a room keeps it out, and one of the feed ends it", async () => {
  const first = stream();
  const second = stream();
  world.answers.push(first.answer, problem(403, "about:blank"), second.answer);
  const { feed, told } = listen({ ws: null, rooms: ["a"] });
  await settle();
  await first.say(welcome("e.1", { rooms: ["a"] }), "welcome");
  feed.join("secret");
  await settle();
  assert.deepEqual(world.requests.map(({ url }) => new URL(url).search), ["?room=a", "?room=a&room=secret&last_event_id=e.1", "?room=a&last_event_id=e.1"]);
  assert.deepEqual(told.at(-1), ["refused", { detail: "the detail", rooms: ["secret"], status: 403 }]);
  world.answers.push(problem(401, "about:blank"));
  await second.end();
  await nextAttempt();
  await settle();
  assert.equal(feed.state, "closed");
  assert.deepEqual(told.at(-1), ["refused", { detail: "the detail", rooms: [], status: 401 }]);
  assert.deepEqual(delays(), []);
});

test("a server that is full is given the time that it asks for", async () => {
  world.answers.push(problem(503, "unavailable", { "Retry-After": "7" }), [200, "<html>", { "Content-Type": "text/html" }], hang);
  listen({ ws: null });
  await settle();
  assert.deepEqual(delays(), [7_500]);
  await pass(7_500);
  await settle();
  assert.deepEqual(delays(), [1_000], "what is no stream is no server of ours");
  await pass(1_000);
  await settle();
  assert.deepEqual(delays(), [20_000], "and one that hangs is given up");
});

test("addresses are checked at once", () => {
  assert.throws(() => listen({ ws: null, sse: null }), TypeError);
  assert.throws(() => listen({ ws: "http://[" }), TypeError);
  listen({ ws: "https://other.example:8443/a?token=t" });
  assert.equal(socket().url.href, "wss://other.example:8443/a?token=t");
  listen({ ws: "/live" }, "https://shop.example/api");
  assert.equal(socket().url.href, "wss://shop.example/live");
  globalThis.WebSocket = undefined;
  assert.throws(() => listen({ sse: null }), TypeError);
  world.answers.push(hang);
  assert.equal(listen().feed.transport, "sse");
});
