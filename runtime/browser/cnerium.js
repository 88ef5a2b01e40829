// Events of a Cnerium application, in a page: never early, never lost, never
// silently missed.
//
//   import { connect } from "/cnerium.js";
//
//   const events = connect({ ws: "/ws", sse: "/events" });
//   events.addEventListener("order.created", (e) => show(e.detail.data));
//   events.addEventListener("gap", () => reloadEverything());
//
// It uses WebSocket, or Server-Sent Events where WebSocket is blocked. After
// an interruption it connects again with its cursor and gets what it missed.
// Plain JavaScript for every browser since 2021; there is nothing to build.

/**
 * @typedef {object} Options
 * @property {string | null} [ws] address of the WebSocket, "/ws" if left out; null for none
 * @property {string | null} [sse] address of the Server-Sent Events, "/events" if left out; null for none
 * @property {("ws" | "sse")[]} [transports] which to use, the preferred one first; ["ws", "sse"] if left out
 * @property {string[]} [rooms] rooms to be in from the beginning
 * @property {string | null} [cursor] where to go on: the cursor of an EventFeed before, or the
 *   header Event-Cursor of an answer; without one, the feed begins now
 * @property {boolean} [withCredentials] send cookies to another origin, too (SSE only; WebSocket always does)
 * @property {number} [minDelay] milliseconds before the first reconnect at most, 250 if left out
 * @property {number} [maxDelay] milliseconds before any reconnect at most, 30,000 if left out
 * @property {number} [openTimeout] milliseconds until a first attempt that gets no answer is given up,
 *   5,000 if left out; later ones get longer
 */

/** @typedef {"connecting" | "live" | "waiting" | "closed"} State */

/**
 * A refusal: of a room that was asked for, which is not asked for again, or
 * else of the feed as a whole, which is closed then.
 *
 * @typedef {object} Refusal
 * @property {string} detail the server's words
 * @property {string[]} rooms those that are refused; empty when it is the feed
 * @property {number} [status] HTTP status, or close code of the WebSocket
 */

const defaults = {
  ws: "/ws",
  sse: "/events",
  transports: ["ws", "sse"],
  rooms: [],
  cursor: "",
  withCredentials: false,
  minDelay: 250,
  maxDelay: 30_000,
  openTimeout: 5_000,
};

const remembered = 1_000; // IDs of events
const settled = 5_000; // milliseconds after which a connection counts as a good one
const patience = 3; // failed attempts in a row with a transport that has worked before
const secondChance = 300_000; // milliseconds until the preferred transport is tried first again

/** Close codes and HTTP statuses that would be the same the next time. */
const final = new Set([1003, 1007, 1008, 1009, 400, 401, 403]);

/** Names that listeners use for something else than a type of event. */
const ownNames = new Set(["event", "state", "gap", "refused"]);

/** Events of the browser after which the server may be reached again. */
const hopes = ["online", "pageshow", "visibilitychange"];

/**
 * Connects, and stays connected until close is called or the server refuses.
 *
 * @param {Options} [options]
 * @returns {EventFeed}
 */
export function connect(options) {
  return new EventFeed(options);
}

/**
 * A subscription. It dispatches:
 *
 * - "event", for each event, once: detail is the CloudEvents object. The same
 *   under the name of the event's type, such as "order.created".
 * - "state": detail is the new {@link State}.
 * - "gap": what was missed is no longer kept by the server. Whatever the page
 *   has made of the events so far must be loaded again.
 * - "refused": detail is a {@link Refusal}.
 */
export class EventFeed extends EventTarget {
  #options;
  #transports;
  #urls = {};
  #cursor;
  #state = "closed";
  #seen = new Set(); // IDs of the last events

  #rooms = new Map(); // that are wanted: whether the server has ever let us in
  #joined = new Set(); // those that this connection was asked for
  #asked = []; // [action, room] that were sent and not answered yet

  #attempt = 0; // counts connections, and what ends them
  #link = null;
  #timer = 0; // of the attempt, or of the wait for the next one
  #failures = 0; // in a row
  #welcomed = 0; // when this connection was; 0 for not yet

  #current = 0; // which transport
  #tries = 0; // failed attempts with it in a row
  #worked = new Set(); // transports that were ever welcomed
  #left = 0; // when the preferred transport was given up

  /** @param {Options} [options] */
  constructor(options) {
    super();
    const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
    this.#options = { ...defaults, ...Object.fromEntries(given) };
    this.#transports = this.#options.transports.filter((name) => this.#options[name]);
    if (this.#transports.length === 0) throw new TypeError("connect: no address to connect to");
    for (const name of this.#transports) this.#urls[name] = address(name, this.#options[name]);
    for (const room of this.#options.rooms) this.#rooms.set(room, true);
    this.#cursor = this.#options.cursor ?? "";
    for (const name of hopes) globalThis.addEventListener?.(name, this.#hurry);
    this.#connect();
  }

  /** Where the feed is: everything up to here was dispatched. "" before the first welcome. */
  get cursor() {
    return this.#cursor;
  }

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /** The transport in use, or else of the next attempt. */
  get transport() {
    return this.#transports[this.#current];
  }

  /** Joins rooms: their events come from now on. What the server does not allow is "refused". */
  subscribe(...rooms) {
    for (const room of rooms) if (!this.#rooms.has(room)) this.#rooms.set(room, false);
    queueMicrotask(() => this.#settleRooms());
  }

  /** Leaves rooms. Those that it is not in do not matter. */
  unsubscribe(...rooms) {
    for (const room of rooms) this.#rooms.delete(room);
    queueMicrotask(() => this.#settleRooms());
  }

  /** Ends the subscription for good. */
  close() {
    this.#drop();
    for (const name of hopes) globalThis.removeEventListener?.(name, this.#hurry);
    this.#become("closed");
  }

  // --- Connecting -------------------------------------------------------------

  #connect() {
    const attempt = this.#drop();
    this.#become("connecting");
    if (attempt !== this.#attempt) return; // a listener has closed the feed
    const receive = (text) => this.#receive(text);
    const end = (code, reason) => this.#ended(code, reason);
    const { withCredentials, openTimeout, maxDelay } = this.#options;
    const longest = Math.max(openTimeout, Math.min(maxDelay, openTimeout * 2 ** this.#failures));
    // Only until the welcome. Later silence is no reason to doubt: pings and
    // heartbeats do not reach scripts, and an idle server has nothing to say.
    // A connection that died without a word is found by the keep-alive of the
    // browser's own TCP connections, or by "online" below.
    this.#timer = setTimeout(end, longest);
    try {
      this.#link = open[this.transport](this.#url(), receive, end, withCredentials);
    } catch {
      end(); // there is no such transport here, or a policy forbids it
    }
  }

  /** Ends what is open or waited for. Returns the number of the next attempt. */
  #drop() {
    clearTimeout(this.#timer);
    this.#link?.close();
    this.#link = null;
    this.#welcomed = 0;
    this.#joined.clear();
    this.#asked = [];
    return ++this.#attempt;
  }

  #url() {
    const url = new URL(this.#urls[this.transport]);
    for (const [room, admitted] of this.#rooms) {
      // A room that is not open to us would have the whole connection refused.
      // Over WebSocket we can ask for it afterwards.
      if (admitted || this.transport === "sse") url.searchParams.append("room", room);
    }
    if (this.#cursor) url.searchParams.set("last_event_id", this.#cursor);
    return url.href;
  }

  #ended(code, reason) {
    const { transport } = this;
    const [url, welcomed] = [this.#url(), this.#welcomed];
    const attempt = this.#drop();
    if (final.has(code)) return this.#refuse({ detail: reason, rooms: [], status: code });
    const good = welcomed > 0 && Date.now() - welcomed >= settled;
    this.#failures = good ? 0 : this.#failures + 1;
    this.#chooseTransport(welcomed > 0);
    this.#become("waiting");
    if (attempt === this.#attempt) this.#wait(attempt, !welcomed && transport === "sse" ? url : "");
  }

  /** Decides with which transport the next attempt is made. */
  #chooseTransport(welcomed) {
    if (welcomed) {
      if (this.#current > 0 && Date.now() - this.#left >= secondChance) this.#current = 0;
      return;
    }
    // One that has worked is not blocked: the server may be away for a moment.
    this.#tries++;
    if (this.#tries < (this.#worked.has(this.transport) ? patience : 1)) return;
    if (this.#current === 0) this.#left = Date.now();
    this.#current = (this.#current + 1) % this.#transports.length;
    this.#tries = 0;
  }

  /** Waits, longer after each failure and not in step with others, and connects. */
  async #wait(attempt, url) {
    const answer = url ? await ask(url, this.#options) : {};
    if (attempt !== this.#attempt) return; // somebody was faster
    if (final.has(answer.status)) return this.#refused(answer);
    const { minDelay, maxDelay } = this.#options;
    const longest = Math.min(maxDelay, minDelay * 2 ** this.#failures);
    this.#timer = setTimeout(() => this.#connect(), (answer.retryAfter ?? 0) + Math.random() * longest);
  }

  /** Tries at once when there is reason to hope, or to doubt. */
  #hurry = (event) => {
    if (event.type === "online") {
      this.#current = 0; // it may be another network, with other habits
      this.#tries = 0;
      // The connection may be one of the network before, and dead.
      if (this.#state !== "closed") this.#connect();
      return;
    }
    if (this.#state === "waiting" && globalThis.document?.visibilityState !== "hidden") this.#connect();
  };

  // --- Messages ---------------------------------------------------------------

  #receive(text) {
    const message = JSON.parse(text);
    if (message.cursor) this.#cursor = message.cursor;
    if (message.notice === undefined) this.#deliver(message);
    else if (message.notice === "welcome") this.#welcome(message);
    else if (message.notice !== "position") this.#answered(message);
  }

  #deliver(event) {
    if (this.#seen.has(event.id)) return;
    this.#seen.add(event.id);
    if (this.#seen.size > remembered) this.#seen.delete(this.#seen.values().next().value);
    this.#dispatch("event", event);
    if (!ownNames.has(event.type)) this.#dispatch(event.type, event);
  }

  #welcome({ recovered, rooms = [] }) {
    clearTimeout(this.#timer);
    this.#welcomed = Date.now();
    this.#tries = 0;
    this.#worked.add(this.transport);
    this.#joined = new Set(rooms);
    for (const room of rooms) if (this.#rooms.has(room)) this.#rooms.set(room, true);
    this.#become("live");
    if (recovered === false) this.#dispatch("gap", null);
    this.#settleRooms();
  }

  /** Handles the answer to the oldest question. */
  #answered({ notice, detail }) {
    const [action, room] = this.#asked.shift() ?? [];
    if (action !== "subscribe" || !this.#rooms.has(room)) return;
    if (notice === "subscribed") this.#rooms.set(room, true);
    if (notice !== "error") return;
    this.#rooms.delete(room);
    this.#joined.delete(room);
    this.#dispatch("refused", { detail, rooms: [room] });
  }

  /** Tells the server about rooms that it does not know of yet. */
  #settleRooms() {
    if (this.#state !== "live") return; // the welcome comes back to it
    const join = [...this.#rooms.keys()].filter((room) => !this.#joined.has(room));
    const leave = [...this.#joined].filter((room) => !this.#rooms.has(room));
    if (join.length + leave.length === 0) return;
    if (!this.#link.send) return this.#connect(); // only a new address can tell the server
    for (const room of join) this.#ask("subscribe", room);
    for (const room of leave) this.#ask("unsubscribe", room);
    this.#joined = new Set(this.#rooms.keys());
  }

  /** One room at a time, so that one that is refused keeps out no other. */
  #ask(action, room) {
    this.#asked.push([action, room]);
    this.#link.send({ action, rooms: [room] });
  }

  // --- Telling the page -------------------------------------------------------

  #refused({ status, detail }) {
    const fresh = [...this.#rooms].filter(([, admitted]) => !admitted).map(([room]) => room);
    if (fresh.length === 0) return this.#refuse({ detail, rooms: [], status });
    for (const room of fresh) this.#rooms.delete(room); // it was let in without them
    this.#connect();
    this.#dispatch("refused", { detail, rooms: fresh, status });
  }

  #refuse(refusal) {
    this.close();
    this.#dispatch("refused", refusal);
  }

  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#dispatch("state", state);
  }

  #dispatch(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

// --- Transports ---------------------------------------------------------------

function address(transport, given) {
  const url = new URL(given, globalThis.location?.href);
  if (transport === "ws") url.protocol = url.protocol.replace(/^http/, "ws");
  return url.href;
}

/** Each opens a connection. When close was called, it calls nobody any more. */
const open = {
  ws(url, receive, end) {
    const socket = new WebSocket(url);
    socket.onmessage = (message) => receive(message.data);
    socket.onclose = (close) => end(close.code, close.reason);
    return {
      send: (message) => socket.send(JSON.stringify(message)),
      close() {
        socket.onmessage = socket.onclose = null;
        socket.close();
      },
    };
  },

  sse(url, receive, end, withCredentials) {
    const source = new EventSource(url, { withCredentials });
    const take = (message) => {
      if (source.onerror) receive(message.data);
    };
    for (const name of ["message", "welcome", "position"]) source.addEventListener(name, take);
    source.onerror = () => end(); // by itself it would go on with the cursor of the first time
    return {
      close() {
        source.onerror = null;
        source.close();
      },
    };
  },
};

/** Finds out by a plain request why a stream does not open: an EventSource does not tell. */
async function ask(url, { withCredentials, openTimeout }) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), openTimeout);
  try {
    const response = await fetch(url, {
      headers: { Accept: "text/event-stream" },
      credentials: withCredentials ? "include" : "same-origin",
      cache: "no-store",
      signal: controller.signal,
    });
    const { status } = response;
    const retryAfter = 1000 * (Number(response.headers.get("Retry-After")) || 0);
    const problem = final.has(status) ? await response.json().catch(() => ({})) : {};
    return { status, retryAfter, detail: problem.detail ?? "" };
  } catch {
    return {}; // nobody is there
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}
