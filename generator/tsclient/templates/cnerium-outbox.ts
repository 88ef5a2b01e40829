// Operations that must happen although the page is offline, or will be closed:
// each is written to IndexedDB with its key and its bytes before it is sent,
// and is sent until there is an answer. Because the server remembers the key,
// it happens once, however often it is sent.
//
//   const outbox = await openOutbox(api, { onSettled: (entry) => show(entry) });
//   await outbox.add(createOrder({ product_id: "p1", quantity: 2 }));
//
// The browser may delete what a site keeps when the disk is full: ask with
// navigator.storage.persist() that it does not.

import { exclusive } from "./cnerium-lock.js";
import { jitter, makeKey, metaOf, prepare, type Client, type ErrorKind, type Outcome, type Prepared, type Problem, type Request } from "./cnerium.js";
import { openStore, type Store } from "./cnerium-store.js";

/** An operation in the outbox. */
export interface Entry {
  /** Grows with each entry. */
  readonly id: number;
  /** Entries of one queue are sent in their order, one after the other; queues do not wait for each other. */
  readonly queue: string;
  readonly request: Prepared;
  /** What the application wants to know of it later. */
  readonly data: unknown;
  /**
   * - "pending": it will be sent, or sent again.
   * - "done": it has happened, and value is the answer.
   * - "failed": kind and problem say why, and it will not be sent again by itself.
   * - "expired": it was sent, nobody knows whether it arrived, and the server
   *   may have forgotten its key meanwhile. Sent again, it could happen twice:
   *   the application has to find out, and to call retry or take.
   */
  readonly state: "pending" | "done" | "failed" | "expired";
  /** Milliseconds since 1970, as all times here. */
  readonly added: number;
  /** When it may have been sent for the first time; null for never. */
  readonly sent: number | null;
  readonly attempts: number;
  /** When it is sent again, at the earliest. */
  readonly due: number;
  /** Of the answer, or of the last one that was none; 0 when there was none. */
  readonly status: number;
  /** The value of the answer; that of an answer without a type is a {@link StoredAnswer}. */
  readonly value: unknown;
  readonly replayed: boolean;
  readonly cursor: string | null;
  /** Why it failed, or why it is not done yet; "" when nothing went wrong. */
  readonly kind: ErrorKind | "";
  readonly problem: Problem | null;
}

/** An answer whose handler makes it whole. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: ArrayBuffer;
}

/** How an outbox works. Each field may be left out. */
export interface OutboxOptions {
  /** Of the database: "cnerium-outbox" if left out. An outbox belongs to one server and one user: give it a name for each. */
  readonly name?: string | undefined;
  /** Called in each open page when an entry is settled, and after opening for those that are not taken yet. */
  readonly onSettled?: ((entry: Entry) => void) | undefined;
  /** Milliseconds before an entry is sent again at most, 1,000 after the first attempt if left out; later more. */
  readonly minDelay?: number | undefined;
  /** Milliseconds before an entry is sent again at most, unless the server asks for more; 300,000 if left out. */
  readonly maxDelay?: number | undefined;
  /** To be used instead of the global indexedDB. */
  readonly indexedDB?: IDBFactory | undefined;
}

/** What can be said about an entry. */
export interface AddOptions {
  /** "" if left out. */
  readonly queue?: string | undefined;
  /** The key; a new UUID if left out. A key that an entry has already adds nothing. */
  readonly key?: string | undefined;
  /** Kept beside the operation; it must be a value that can be cloned. */
  readonly data?: unknown;
}

/**
 * How long before the end of its retention a key counts as forgotten, at most:
 * the attempt has to arrive, and clocks are not exact.
 */
const margin = 300_000;

/** Opens the outbox of a server, and begins to send what is in it. */
export async function openOutbox(client: Client, options: OutboxOptions = {}): Promise<Outbox> {
  const name = options.name ?? "cnerium-outbox";
  const store = await openStore(options.indexedDB ?? globalThis.indexedDB, name);
  const outbox = new Outbox(client, store, name, options);
  await outbox.wake();
  return outbox;
}

/** Operations that are kept until they are settled. Any number of pages can have the same outbox open. */
export class Outbox {
  readonly #client: Client;
  readonly #store: Store;
  readonly #name: string;
  readonly #options: OutboxOptions;
  readonly #closing = new AbortController();
  readonly #channel: BroadcastChannel | null;
  readonly #running = new Map<string, Promise<void>>(); // by queue
  readonly #wanted = new Map<string, boolean>(); // queues to look at again, and whether at once
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>(); // by queue
  readonly #told = new Set<string>(); // settled entries that onSettled knows of, each with its attempts
  readonly #waiting = new Set<() => void>(); // who waits for an entry

  constructor(client: Client, store: Store, name: string, options: OutboxOptions) {
    this.#client = client;
    this.#store = store;
    this.#name = name;
    this.#options = options;
    this.#channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(name) : null;
    if (this.#channel) this.#channel.onmessage = (message) => this.#heard(message.data as Word);
    globalThis.addEventListener?.("online", this.#online);
  }

  /** Writes an operation down. When the promise is fulfilled, it will happen, also when the page is closed. */
  async add(request: Request<unknown>, { key, queue = "", data = null }: AddOptions = {}): Promise<Entry> {
    this.#mustBeOpen();
    const fresh: Omit<Entry, "id"> = {
      queue, data, request: prepare(request, key), state: "pending", added: Date.now(), sent: null, attempts: 0, due: 0,
      status: 0, value: undefined, replayed: false, cursor: null, kind: "", problem: null,
    };
    const entry = await this.#store.add(fresh);
    const { operation, body, path } = entry.request;
    if (operation !== request.operation || path !== fresh.request.path || body !== fresh.request.body) {
      throw new TypeError(`the key ${fresh.request.key} belongs to another entry of the outbox`);
    }
    this.#say({ queue: entry.queue });
    this.#send(entry.queue, false);
    return entry;
  }

  /** All entries, the oldest first. */
  async entries(): Promise<Entry[]> {
    return this.#store.all();
  }

  /** Returns the entry when it is settled, in whatever page that happens; undefined when somebody takes it before. */
  async settled(id: number): Promise<Entry | undefined> {
    for (;;) {
      this.#mustBeOpen();
      const changed = new Promise<void>((resolve) => this.#waiting.add(resolve));
      const entry = await this.#store.get(id);
      if (entry?.state !== "pending") return entry;
      await changed;
    }
  }

  /** Removes a settled entry and returns it. An entry that is pending stays: undefined. */
  async take(id: number): Promise<Entry | undefined> {
    const taken = await this.#store.take(id);
    this.#changed(taken?.queue);
    return taken;
  }

  /**
   * Sends an entry that has failed or expired once more: with the same key, so
   * that it cannot happen twice as long as the server remembers it, or with a
   * new key, for who knows that it has not happened. An answer below 500 is
   * remembered with its key, too: only a new key can get another one.
   */
  async retry(id: number, { newKey = false }: { readonly newKey?: boolean } = {}): Promise<Entry | undefined> {
    const entry = await this.#store.change(id, (old) => {
      if (old.state !== "failed" && old.state !== "expired") return null;
      const request = newKey ? { ...old.request, key: makeKey() } : old.request;
      const sent = newKey || old.state === "expired" ? null : old.sent;
      return { ...old, request, sent, state: "pending", due: 0 };
    });
    this.#changed(entry?.queue);
    if (entry) this.#send(entry.queue, true);
    return entry;
  }

  /** Tries everything that is pending now, whatever it waits for. It is called by itself when the browser is online again. */
  async wake(): Promise<void> {
    this.#mustBeOpen();
    const entries = await this.#store.all();
    for (const queue of new Set(entries.filter(({ state }) => state === "pending").map(({ queue }) => queue))) {
      this.#send(queue, true);
    }
    for (const entry of entries) this.#tell(entry);
  }

  /** Stops sending in this page. What is pending stays in the outbox. */
  async close(): Promise<void> {
    this.#closing.abort();
    globalThis.removeEventListener?.("online", this.#online);
    this.#channel?.close();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#notify();
    await Promise.all(this.#running.values());
    this.#store.close();
  }

  // --- Sending ----------------------------------------------------------------

  /** Sees to it that a queue is looked at from now on, at once or when it is due. */
  #send(queue: string, now: boolean): void {
    clearTimeout(this.#timers.get(queue));
    this.#timers.delete(queue);
    this.#wanted.set(queue, now || (this.#wanted.get(queue) ?? false));
    if (this.#running.has(queue) || this.#closing.signal.aborted) return;
    const run = this.#run(queue).catch((error: unknown) => this.#broken(queue, error)).finally(() => {
      this.#running.delete(queue);
      if (this.#wanted.has(queue)) this.#send(queue, false);
    });
    this.#running.set(queue, run);
  }

  async #run(queue: string): Promise<void> {
    // Two pages that send at a time would do no harm, for the key is the same.
    // It would only be more than is needed, and out of order.
    await exclusive(this.#store, `${this.#name}:${queue}`, this.#closing.signal, async (signal) => {
      while (!signal.aborted) {
        const now = this.#wanted.get(queue) ?? false;
        this.#wanted.delete(queue);
        const head = await this.#store.head(queue);
        if (!head) return;
        const wait = head.due - Date.now();
        if (wait > 0 && !now) return this.#later(queue, wait);
        await this.#attempt(head, signal);
      }
    });
  }

  #later(queue: string, wait: number): void {
    clearTimeout(this.#timers.get(queue));
    if (this.#closing.signal.aborted) return;
    this.#timers.set(queue, setTimeout(() => this.#send(queue, false), Math.min(wait, 2 ** 31 - 1)));
  }

  /** The database does not answer: it may be better later. */
  #broken(queue: string, error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#later(queue, this.#options.maxDelay ?? 300_000);
    queueMicrotask(() => { throw error; });
  }

  async #attempt(head: Entry, signal: AbortSignal): Promise<void> {
    const { retention } = head.request;
    if (head.sent !== null && Date.now() >= head.sent + retention - Math.min(margin, retention / 10)) {
      return this.#put({ ...head, state: "expired" });
    }
    // Written before the first byte is sent: from here on it may have happened.
    const entry: Entry = { ...head, sent: head.sent ?? Date.now(), attempts: head.attempts + 1 };
    if (!(await this.#store.change(entry.id, (old) => (old.state === "pending" ? entry : null)))) return;
    const outcome = await this.#client.attempt(entry.request, signal);
    if (outcome.verdict === "done") return this.#put(await done(entry, outcome));
    if (outcome.kind === "aborted") return; // the page is closed, or another has the queue now
    const { kind, problem, response, retryAfter } = outcome;
    const sent = kind === "headers" ? head.sent : entry.sent; // nothing was sent then
    const told = { ...entry, sent, kind, problem, status: response?.status ?? 0 };
    if (!comesBack(outcome)) return this.#put({ ...told, state: "failed" });
    const { minDelay = 1_000, maxDelay = 300_000 } = this.#options;
    await this.#put({ ...told, due: Date.now() + retryAfter + jitter(entry.attempts, minDelay, maxDelay) });
  }

  async #put(entry: Entry): Promise<void> {
    await this.#store.put(entry);
    if (entry.state === "pending") return;
    this.#say({ queue: entry.queue, settled: entry.id });
    this.#tell(entry);
    this.#notify();
  }

  // --- Telling others -----------------------------------------------------------

  #say(word: Word): void {
    if (!this.#closing.signal.aborted) this.#channel?.postMessage(word);
  }

  /** Another page has added, settled or changed something. */
  #heard({ queue, settled }: Word): void {
    this.#notify();
    if (settled === undefined) return this.#send(queue, false);
    this.#store.get(settled).then((entry) => entry && this.#tell(entry), () => {}); // it is told after the next opening
  }

  #changed(queue: string | undefined): void {
    if (queue === undefined) return;
    this.#say({ queue });
    this.#notify();
  }

  #notify(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #tell(entry: Entry): void {
    const { onSettled } = this.#options;
    const end = `${entry.id} ${entry.attempts}`;
    if (entry.state === "pending" || this.#told.has(end)) return;
    this.#told.add(end);
    try {
      onSettled?.(entry);
    } catch (error) {
      queueMicrotask(() => { throw error; });
    }
  }

  readonly #online = (): void => {
    this.wake().catch((error: unknown) => this.#broken("", error));
  };

  #mustBeOpen(): void {
    if (this.#closing.signal.aborted) throw new TypeError("the outbox is closed");
  }
}

/** What pages tell each other. */
interface Word {
  readonly queue: string;
  readonly settled?: number;
}

async function done(entry: Entry, { value, response }: Extract<Outcome, { verdict: "done" }>): Promise<Entry> {
  const { status, replayed, cursor } = metaOf(entry.request.key, entry.attempts, response);
  const happened: Entry = { ...entry, state: "done", status, replayed, cursor, kind: "", problem: null };
  if (entry.request.answer === "raw") {
    const body = await response.arrayBuffer();
    return { ...happened, value: { status, headers: [...response.headers], body } satisfies StoredAnswer };
  }
  try {
    return { ...happened, value: structuredClone(value) };
  } catch {
    return { ...happened, state: "failed", kind: "unreadable" }; // the option parse makes what no database takes
  }
}

/**
 * Reports whether an entry is sent again by itself. An outbox is more patient
 * than a call: somebody can sign in again, and an answer that is not the
 * server's may come from a network that wants somebody to sign in first.
 */
function comesBack({ verdict, kind, response }: Exclude<Outcome, { verdict: "done" }>): boolean {
  const stranger = kind === "unreadable" && !/json/i.test(response?.headers.get("Content-Type") ?? "");
  return verdict === "again" || kind === "headers" || kind === "redirect" || stranger || response?.status === 401;
}
