// A clock, a network and chance for the tests. Time passes only when a test
// lets it.
import assert from "node:assert/strict";

export const world = {};

/** Makes everything new. */
export function begin() {
  Object.assign(world, { now: 1_800_000_000_000, timers: new Map(), random: 1, requests: [], answers: [], uncaught: [], page: new EventTarget(), listeners: new Set() });
  globalThis.document = { visibilityState: "visible" };
  delete globalThis.location;
  globalThis.fetch = fetch;
}

globalThis.addEventListener = (name, listener) => {
  world.listeners.add(name);
  world.page.addEventListener(name, listener);
};
globalThis.removeEventListener = (name, listener) => {
  world.listeners.delete(name);
  world.page.removeEventListener(name, listener);
};

/** What the browser tells the page. */
export const wake = (name) => world.page.dispatchEvent(new Event(name));

Math.random = () => world.random;
Date.now = () => world.now;
performance.now = () => world.now - 1_800_000_000_000 + 77;

let timerIDs = 0;
globalThis.setTimeout = (run, delay = 0) => {
  world.timers.set(++timerIDs, { run, at: world.now + delay });
  return timerIDs;
};
globalThis.setInterval = (run, delay) => {
  const id = ++timerIDs;
  const again = () => {
    world.timers.set(id, { run: again, at: world.now + delay });
    run();
  };
  world.timers.set(id, { run: again, at: world.now + delay });
  return id;
};
globalThis.clearTimeout = globalThis.clearInterval = (id) => world.timers.delete(id);

const microtask = queueMicrotask;
globalThis.queueMicrotask = (run) => microtask(() => {
  try {
    run();
  } catch (error) {
    world.uncaught.push(error.message); // where a browser would report it
  }
});

const immediate = setImmediate;

/** Lets everything run that waits for no timer. */
export async function settle() {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => immediate(resolve));
}

/** Lets so many milliseconds pass, and all that becomes due. */
export async function pass(milliseconds) {
  const end = world.now + milliseconds;
  for (;;) {
    await settle();
    const due = [...world.timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
    if (!due) break;
    world.timers.delete(due[0]);
    world.now = due[1].at;
    due[1].run();
  }
  world.now = end;
}

/** Milliseconds until the timers that are set. */
export const delays = () => [...world.timers.values()].map(({ at }) => at - world.now).sort((a, b) => a - b);

/** Answers a request with the next answer: a function of it, an Error to throw, or [status, body, headers]. */
async function fetch(url, init) {
  const request = { at: world.now, url, method: init.method, headers: Object.fromEntries(init.headers), body: init.body, init };
  world.requests.push(request);
  assert.ok(world.answers.length > 0, "an unexpected request");
  const answer = world.answers.shift();
  if (answer instanceof Error) throw answer;
  if (typeof answer === "function") return answer(request);
  const [status, body = null, headers = {}] = answer;
  return new Response(typeof body === "object" && body !== null ? JSON.stringify(body) : body, {
    status,
    headers: { ...(body !== null && { "Content-Type": "application/json" }), ...headers },
  });
}

export const lost = () => new TypeError("fetch failed");

/** Never answers. */
export const hang = ({ init }) => new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason)));

/** A problem document. */
export const problem = (status, type, headers) => [
  status, { type: type.includes(":") ? type : `urn:cnerium:problem:${type}`, title: "No", status, detail: "the detail" },
  { "Content-Type": "application/problem+json", ...headers },
];
