// Committed events: never early, never lost, never silently missed. A feed
// uses WebSocket, or Server-Sent Events where WebSocket is blocked. After an
// interruption it connects again with its cursor and gets what it missed.

import { address, open, type Link, type Transport } from "./cnerium-transport.js";
import { parse } from "./cnerium-wire.js";

/** An event as it comes: CloudEvents 1.0, with the extensions cursor and room. */
export interface CloudEvent<Type extends string = string, Data = unknown> {
  readonly specversion: string;
  readonly id: string;
  readonly source: string;
  readonly type: Type;
  readonly subject?: string;
  readonly time: string;
  readonly data: Data;
  readonly cursor: string;
  readonly room?: string;
}

/** What is to be called for the events of some types. Events of other types are passed over. */
export type Listeners<Events> = {
  readonly [Type in keyof Events & string]?: (data: Events[Type], event: CloudEvent<Type, Events[Type]>) => void;
};

/** What a feed is doing. */
export type State = "connecting" | "live" | "waiting" | "closed";

/** The server's no: to rooms, which are not asked for again, or to the feed as a whole, which is closed then. */
export interface Refusal {
  readonly detail: string;
  /** Those that are refused; empty when it is the feed. */
  readonly rooms: readonly string[];
  /** HTTP status, or close code of the WebSocket; 0 when it was said in a message. */
  readonly status: number;
}

/** How a feed works. Each option may be left out. */
export interface SubscribeOptions {
  /** Where to go on: the cursor of a feed before, or of an answer's meta. Without one, the feed begins now. */
  readonly cursor?: string | null | undefined;
  /** Rooms to be in from the beginning. */
  readonly rooms?: readonly string[] | undefined;
  /** Address of the WebSocket, against that of the server; "ws" if left out, null for none. */
  readonly ws?: string | null | undefined;
  /** Address of the Server-Sent Events, against that of the server; "events" if left out, null for none. */
  readonly sse?: string | null | undefined;
  /** Which to use, the preferred one first. */
  readonly transports?: readonly Transport[] | undefined;
  /** Sent with Server-Sent Events. A WebSocket of a browser cannot send any: put a ticket into its address, or use cookies. */
  readonly headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>) | undefined;
  /** Whether cookies go with Server-Sent Events: "same-origin" if left out. With a WebSocket they always do. */
  readonly credentials?: RequestCredentials | undefined;
  /** Milliseconds before the first reconnect at most, 250 if left out. */
  readonly minDelay?: number | undefined;
  /** Milliseconds before any reconnect at most, 30,000 if left out. */
  readonly maxDelay?: number | undefined;
  /** Milliseconds until a first attempt that gets no answer is given up, 5,000 if left out; later ones get longer. */
  readonly openTimeout?: number | undefined;
  readonly onState?: ((state: State) => void) | undefined;
  /** The server no longer keeps what was missed: what was made of the events so far must be loaded again. */
  readonly onGap?: (() => void) | undefined;
  readonly onRefused?: ((refusal: Refusal) => void) | undefined;
  /** For each event, of any type, after its listener. */
  readonly onEvent?: ((event: CloudEvent) => void) | undefined;
}

/** What comes from the server. */
interface Message extends Partial<CloudEvent> {
  readonly notice?: string;
  readonly recovered?: boolean;
  readonly rooms?: readonly string[];
  readonly detail?: string;
}

const remembered = 1_000; // IDs of events
const settled = 5_000; // milliseconds after which a connection counts as a good one
const patience = 3; // failed attempts in a row with a transport that has worked before
const secondChance = 300_000; // milliseconds until the preferred transport is tried first again

/** Close codes and HTTP statuses that would be the same the next time. */
const final = new Set([1003, 1007, 1008, 1009, 400, 401, 403]);

/** Events of the browser after which the server may be reached again. */
const hopes = ["online", "pageshow", "visibilitychange"];

/** Listens to the events of a server, and goes on until close is called or the server refuses. */
export function subscribe<Events>(baseUrl: string, listeners: Listeners<Events>, options: SubscribeOptions = {}): Feed {
  const byType = new Map<string, (data: unknown, event: CloudEvent) => void>();
  for (const [type, listener] of Object.entries(listeners)) {
    if (listener) byType.set(type, listener as (data: unknown, event: CloudEvent) => void);
  }
  return new Feed(baseUrl, options, (event) => {
    const listener = byType.get(event.type);
    if (listener) tell(() => listener(event.data, event));
    if (options.onEvent) tell(() => options.onEvent?.(event));
  });
}

/** Calls a listener. One that throws must not end the feed; its error is reported as one that nobody caught. */
function tell(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
}

/** A subscription. */
export class Feed {
  readonly #options: SubscribeOptions;
  readonly #deliver: (event: CloudEvent) => void;
  readonly #transports: readonly Transport[];
  readonly #urls: Record<Transport, string>;
  #cursor: string;
  #state: State = "connecting";
  readonly #seen = new Set<string>(); // IDs of the last events

  readonly #rooms = new Map<string, boolean>(); // that are wanted: whether the server has ever let us in
  #joined = new Set<string>(); // those that this connection was asked for
  #asked: [action: string, room: string][] = []; // that were sent and not answered yet

  #attempt = 0; // counts connections, and what ends them
  #link: Link | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined; // of the attempt, or of the wait for the next one
  #failures = 0; // in a row
  #welcomed = 0; // when this connection was; 0 for not yet

  #current = 0; // which transport
  #tries = 0; // failed attempts with it in a row
  readonly #worked = new Set<Transport>(); // transports that were ever welcomed
  #left = 0; // when the preferred transport was given up

  constructor(baseUrl: string, options: SubscribeOptions, deliver: (event: CloudEvent) => void) {
    const { ws = "ws", sse = "events", transports = ["ws", "sse"], rooms = [], cursor } = options;
    const given = { ws, sse };
    this.#options = options;
    this.#deliver = deliver;
    this.#transports = transports.filter((name) => given[name] && (name === "sse" || typeof WebSocket === "function"));
    if (this.#transports.length === 0) throw new TypeError("subscribe: there is no address to connect to, or no WebSocket here");
    this.#urls = { ws: address("ws", baseUrl, ws ?? ""), sse: address("sse", baseUrl, sse ?? "") };
    for (const room of rooms) this.#rooms.set(room, true);
    this.#cursor = cursor ?? "";
    for (const name of hopes) globalThis.addEventListener?.(name, this.#hurry);
    this.#connect();
  }

  /** Where the feed is: everything up to here was delivered. "" before the first welcome. */
  get cursor(): string {
    return this.#cursor;
  }

  get state(): State {
    return this.#state;
  }

  /** The transport in use, or else of the next attempt. */
  get transport(): Transport {
    return this.#transports[this.#current] ?? "sse";
  }

  /** Joins rooms: their events come from now on. */
  join(...rooms: string[]): void {
    for (const room of rooms) if (!this.#rooms.has(room)) this.#rooms.set(room, false);
    queueMicrotask(() => this.#settleRooms());
  }

  /** Leaves rooms. Those that it is not in do not matter. */
  leave(...rooms: string[]): void {
    for (const room of rooms) this.#rooms.delete(room);
    queueMicrotask(() => this.#settleRooms());
  }

  /** Ends the subscription for good. */
  close(): void {
    this.#drop();
    for (const name of hopes) globalThis.removeEventListener?.(name, this.#hurry);
    this.#become("closed");
  }

  // --- Connecting -------------------------------------------------------------

  #connect(): void {
    const attempt = this.#drop();
    this.#become("connecting");
    if (attempt !== this.#attempt) return; // a listener has closed the feed
    const { headers, credentials, openTimeout = 5_000, maxDelay = 30_000 } = this.#options;
    const longest = Math.max(openTimeout, Math.min(maxDelay, openTimeout * 2 ** Math.min(this.#failures, 30)));
    const end = (code = 0, reason = "", retryAfter = 0) => this.#ended(attempt, code, reason, retryAfter);
    const receive = (text: string) => {
      if (attempt === this.#attempt) this.#receive(text);
    };
    // Only until the welcome. Later silence is no reason to doubt: an idle
    // server has nothing to say. A connection that died without a word is
    // found by the keep-alive of TCP, or by "online" below.
    this.#timer = setTimeout(() => end(), longest);
    try {
      this.#link = open[this.transport](this.#url(), { receive, end, headers, credentials });
    } catch {
      end(); // a policy forbids it
    }
  }

  /** Ends what is open or waited for. Returns the number of the next attempt. */
  #drop(): number {
    clearTimeout(this.#timer);
    this.#link?.close();
    this.#link = null;
    this.#welcomed = 0;
    this.#joined.clear();
    this.#asked = [];
    return ++this.#attempt;
  }

  #url(): string {
    const url = new URL(this.#urls[this.transport]);
    for (const [room, admitted] of this.#rooms) {
      // A room that is not open to us would have the whole connection refused.
      // Over WebSocket we can ask for it afterwards.
      if (admitted || this.transport === "sse") url.searchParams.append("room", room);
    }
    if (this.#cursor) url.searchParams.set("last_event_id", this.#cursor);
    return url.href;
  }

  #ended(attempt: number, code: number, reason: string, retryAfter: number): void {
    if (attempt !== this.#attempt) return;
    const welcomed = this.#welcomed;
    const next = this.#drop();
    if (final.has(code)) return this.#refused(code, reason);
    const good = welcomed > 0 && Date.now() - welcomed >= settled;
    this.#failures = good ? 0 : this.#failures + 1;
    this.#chooseTransport(welcomed > 0);
    this.#become("waiting");
    if (next !== this.#attempt) return; // a listener was faster
    const { minDelay = 250, maxDelay = 30_000 } = this.#options;
    const longest = Math.min(maxDelay, minDelay * 2 ** Math.min(this.#failures, 30));
    this.#timer = setTimeout(() => this.#connect(), retryAfter + Math.random() * longest);
  }

  /** Decides with which transport the next attempt is made. */
  #chooseTransport(welcomed: boolean): void {
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

  /** Tries at once when there is reason to hope, or to doubt. */
  readonly #hurry = (event: { readonly type: string }): void => {
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

  #receive(text: string): void {
    const message = JSON.parse(text) as Message;
    if (message.cursor) this.#cursor = message.cursor;
    if (message.notice === undefined) this.#event(text);
    else if (message.notice === "welcome") this.#welcome(message);
    else if (message.notice !== "position") this.#answered(message);
  }

  #event(text: string): void {
    let event: CloudEvent | undefined;
    tell(() => { event = parse(text) as CloudEvent; }); // reported when a number cannot hold what it has
    if (!event || this.#seen.has(event.id)) return;
    this.#seen.add(event.id);
    const [oldest] = this.#seen;
    if (this.#seen.size > remembered && oldest !== undefined) this.#seen.delete(oldest);
    this.#deliver(event);
  }

  #welcome({ recovered, rooms = [] }: Message): void {
    clearTimeout(this.#timer);
    this.#welcomed = Date.now();
    this.#tries = 0;
    this.#worked.add(this.transport);
    this.#joined = new Set(rooms);
    for (const room of rooms) if (this.#rooms.has(room)) this.#rooms.set(room, true);
    this.#become("live");
    if (recovered === false) tell(() => this.#options.onGap?.());
    this.#settleRooms();
  }

  /** Handles the answer to the oldest question. */
  #answered({ notice, detail = "" }: Message): void {
    const [action, room = ""] = this.#asked.shift() ?? [];
    if (action !== "subscribe" || !this.#rooms.has(room)) return;
    if (notice === "subscribed") this.#rooms.set(room, true);
    if (notice !== "error") return;
    this.#rooms.delete(room);
    this.#joined.delete(room);
    tell(() => this.#options.onRefused?.({ detail, rooms: [room], status: 0 }));
  }

  /** Tells the server about rooms that it does not know of yet. */
  #settleRooms(): void {
    if (this.#state !== "live") return; // the welcome comes back to it
    const join = [...this.#rooms.keys()].filter((room) => !this.#joined.has(room));
    const leave = [...this.#joined].filter((room) => !this.#rooms.has(room));
    if (join.length + leave.length === 0) return;
    if (!this.#link?.send) return this.#connect(); // only a new address can tell the server
    for (const room of join) this.#ask("subscribe", room);
    for (const room of leave) this.#ask("unsubscribe", room);
    this.#joined = new Set(this.#rooms.keys());
  }

  /** One room at a time, so that one that is refused keeps out no other. */
  #ask(action: string, room: string): void {
    this.#asked.push([action, room]);
    this.#link?.send?.({ action, rooms: [room] });
  }

  #refused(status: number, detail: string): void {
    const fresh = [...this.#rooms].filter(([, admitted]) => !admitted).map(([room]) => room);
    if (status < 1000 && fresh.length > 0) {
      for (const room of fresh) this.#rooms.delete(room); // it was let in without them
      this.#connect();
    } else {
      fresh.length = 0;
      this.close();
    }
    tell(() => this.#options.onRefused?.({ detail, rooms: fresh, status }));
  }

  #become(state: State): void {
    if (state === this.#state) return;
    this.#state = state;
    tell(() => this.#options.onState?.(state));
  }
}
