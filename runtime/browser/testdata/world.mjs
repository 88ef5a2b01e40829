// A browser, a clock and a server for the tests of cnerium.js. Time passes only
// when a test lets it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const source = await readFile(new URL("../cnerium.js", import.meta.url));
// The module as a browser reads it, whatever this version of node makes of .js.
export const { connect } = await import("data:text/javascript;base64," + source.toString("base64"));

globalThis.CustomEvent ??= class extends Event {
  constructor(name, init) {
    super(name);
    this.detail = init.detail;
  }
};

export let world;

/** Makes everything new: the page at https://shop.example/, and nobody there. */
export function begin() {
  const page = new EventTarget();
  world = {
    now: 1_000_000,
    timers: new Map(),
    random: 1,
    sockets: [],
    sources: [],
    asked: [],
    listeners: new Set(), // names of the page's events that somebody listens to
    answer: null, // what a plain request is answered with; null for nobody is there
    wake: (name) => page.dispatchEvent(new Event(name)),
    get socket() {
      return world.sockets.at(-1);
    },
    get source() {
      return world.sources.at(-1);
    },
    get delays() {
      return [...world.timers.values()].map((timer) => timer.at - world.now);
    },
  };
  globalThis.location = { href: "https://shop.example/orders?x=1" };
  globalThis.document = { visibilityState: "visible" };
  globalThis.addEventListener = (name, listener) => {
    world.listeners.add(name);
    page.addEventListener(name, listener);
  };
  globalThis.removeEventListener = (name, listener) => {
    world.listeners.delete(name);
    page.removeEventListener(name, listener);
  };
  globalThis.WebSocket = FakeWebSocket;
  globalThis.EventSource = FakeEventSource;
  globalThis.fetch = fakeFetch;
}

Math.random = () => world.random;
Date.now = () => world.now;

let timerIDs = 0;
globalThis.setTimeout = (run, delay = 0) => {
  world.timers.set(++timerIDs, { run, at: world.now + delay });
  return timerIDs;
};
globalThis.clearTimeout = (id) => world.timers.delete(id);

/** Lets so many milliseconds pass, and all that becomes due. */
export async function pass(milliseconds) {
  const end = world.now + milliseconds;
  for (;;) {
    await settle();
    const due = [...world.timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
    if (!due) break;
    const [id, timer] = due;
    world.timers.delete(id);
    world.now = timer.at;
    timer.run();
  }
  world.now = end;
}

/** Lets everything run that waits for no timer. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

async function fakeFetch(url, init) {
  world.asked.push({ url, init });
  if (!world.answer) throw new TypeError("failed to fetch");
  const { status, headers = {}, body = "{}" } = world.answer;
  return new Response(body, { status, headers });
}

class FakeWebSocket {
  constructor(url) {
    this.url = new URL(url);
    this.sent = [];
    world.sockets.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  /** What the server sends. */
  say(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  /** The connection ends, or was never there. */
  end(code = 1006, reason = "") {
    this.onclose?.({ code, reason });
  }
}

class FakeEventSource extends EventTarget {
  constructor(url, init) {
    super();
    this.url = new URL(url);
    this.init = init;
    world.sources.push(this);
  }
  close() {
    this.closed = true;
  }
  say(message) {
    const event = new Event(message.notice ?? "message");
    event.data = JSON.stringify(message);
    this.dispatchEvent(event);
  }
  end() {
    this.onerror?.(new Event("error"));
  }
}

/** Connects, and notes what the page is told. */
export function listen(options, ...types) {
  const told = [];
  const feed = connect(options);
  for (const name of ["event", "state", "gap", "refused", ...types]) {
    feed.addEventListener(name, (e) => told.push([name, name === "event" ? e.detail.id : e.detail]));
  }
  return { feed, told, events: () => told.filter(([name]) => name === "event").map(([, id]) => id) };
}

export const welcome = (cursor, more) => ({ notice: "welcome", cursor, ...more });
export const event = (n, type = "order.created") => ({ specversion: "1.0", id: `e.${n}`, cursor: `e.${n}`, type, data: { n } });

/** Lets the wait after a failure pass, and no more than that. */
export async function nextAttempt() {
  await settle();
  assert.equal(world.delays.length, 1);
  await pass(world.delays[0]);
}
