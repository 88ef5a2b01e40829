// What a client of durable operations does for each call: it makes the key,
// sends the very same bytes until there is an answer, and knows which failures
// to repeat. It needs fetch and nothing else: browsers since 2022, Node 20.
//
// A page of another origin than the server's sees Idempotency-Replayed,
// Event-Cursor and Retry-After only when the server exposes them
// (Access-Control-Expose-Headers), and may send Idempotency-Key only when the
// server allows it (Access-Control-Allow-Headers).

import { aborted, CneriumError, failure, type ErrorKind, type Outcome } from "./cnerium-error.js";
import { encode, parse, problemOf } from "./cnerium-wire.js";

export { CneriumError, type ErrorKind, type Outcome } from "./cnerium-error.js";
export { headers, omit, query, segment, segments, type Base64, type BigNumber, type Int64, type Problem, type Time } from "./cnerium-wire.js";

/** An answer as it came, with its body in memory. */
export type HTTPResponse = Response;

declare const result: unique symbol;

/** A request of an operation, as its function makes it. It is plain data and can be sent any number of times. */
export interface Request<Result> {
  readonly operation: string;
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON when it is there. */
  readonly body?: unknown;
  /** What a success carries: "json" if left out. */
  readonly answer?: "json" | "none" | "raw";
  /** Whether null is an answer. */
  readonly nullable?: boolean;
  /** Milliseconds for which the server remembers the key; a day if left out. */
  readonly retention?: number;
  /** Milliseconds that the server takes for an attempt at most; 30,000 if left out. */
  readonly timeout?: number;
  /** Only a type: nothing is ever there. */
  readonly [result]?: Result;
}

/** A request with its key and its bytes: what each attempt sends, and what can be kept to be sent later. */
export interface Prepared {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly answer: "json" | "none" | "raw";
  readonly nullable: boolean;
  readonly retention: number;
  readonly timeout: number;
}

/** What can be said about a single call. */
export interface Call {
  /**
   * The key, 1 to 255 visible ASCII characters; a new UUID if left out. Give
   * the key of a {@link CneriumError} to go on with the call that failed.
   */
  readonly key?: string | undefined;
  /** Ends the call. Whether the operation happens is open then: repeat it with its key to know. */
  readonly signal?: AbortSignal | undefined;
}

/** The answer to a call. */
export interface Answer<Result> {
  readonly value: Result;
  readonly meta: Meta;
}

/** What an answer tells besides its value. */
export interface Meta {
  readonly key: string;
  /** How often the request was sent. */
  readonly attempts: number;
  readonly status: number;
  readonly headers: Headers;
  /** Whether the server answered from its store: an earlier attempt had arrived. */
  readonly replayed: boolean;
  /** The place behind the events of the operation, where a subscription can begin; null when it had none. */
  readonly cursor: string | null;
}

/** How a client works. Each field may be left out. */
export interface Options {
  /** Address of the server, with the prefix of all paths if there is one; the origin of the page if left out. */
  readonly baseUrl?: string | URL | undefined;
  /** To be used instead of the global fetch. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Sent with each attempt. A function is asked before each one, so that a token can be fresh. */
  readonly headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>) | undefined;
  /** Whether cookies are sent, as for fetch: "same-origin" if left out. */
  readonly credentials?: RequestCredentials | undefined;
  /** How often a call is sent at most; 10 if left out. */
  readonly maxAttempts?: number | undefined;
  /** Milliseconds after which no attempt begins any more; three times attemptTimeout if left out. */
  readonly maxElapsed?: number | undefined;
  /** Milliseconds before the second attempt at most; 200 if left out. Each later one may wait twice as long. */
  readonly minDelay?: number | undefined;
  /** Milliseconds before any attempt at most, unless the server asks for more; 20,000 if left out. */
  readonly maxDelay?: number | undefined;
  /** Milliseconds for which the server may ask to wait, with Retry-After; 60,000 if left out. For longer, the call fails at once. */
  readonly maxRetryAfter?: number | undefined;
  /** Milliseconds after which an attempt without an answer counts as failed; 40,000 if left out, or 10,000 more than the server takes. */
  readonly attemptTimeout?: number | undefined;
  /**
   * How many retries all calls of the client have together; 100 if left out,
   * Infinity for no limit. One comes back each second, and one for ten calls
   * that succeed. In an outage it is soon spent, and calls fail after one
   * attempt instead of multiplying the load.
   */
  readonly retryBudget?: number | undefined;
  /** Reads JSON; if left out, JSON.parse, which refuses integers that a number cannot hold. */
  readonly parse?: ((text: string) => unknown) | undefined;
  /** Told about each attempt, for logs. */
  readonly onAttempt?: ((attempt: Attempt) => void) | undefined;
}

/** An attempt that has ended. */
export interface Attempt {
  readonly operation: string;
  readonly key: string;
  /** Counts from 1. */
  readonly number: number;
  /** Milliseconds that it took. */
  readonly duration: number;
  /** 0 when there was no answer. */
  readonly status: number;
  /** "" for a success. */
  readonly kind: ErrorKind | "";
  readonly cause: unknown;
  /** Milliseconds until the next attempt; null when there is none. */
  readonly delay: number | null;
}

const day = 86_400_000;
const inFlight = "urn:cnerium:problem:in-flight";
const kinds = new Map<string, ErrorKind>([
  [inFlight, "in-flight"],
  ["urn:cnerium:problem:key-reused", "key-reused"],
  ["urn:cnerium:problem:outcome-unknown", "outcome-unknown"],
]);

/** Statuses that ask to come back. */
const again = new Set([408, 425, 429, 502, 503, 504]);

/** Codes of Node for certificates that will be no better the next time. */
const distrust = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL/;

/** Failures after which it is open whether the operation happened. */
const open: ReadonlySet<ErrorKind> = new Set(["network", "unavailable", "in-flight", "outcome-unknown", "server", "aborted"]);

/** Failures that say nothing about an attempt before. */
const mute: ReadonlySet<ErrorKind> = new Set(["headers", "redirect"]);

/** Statuses of those who stand before the operations and ask who it is: they say nothing about an attempt before either. */
const strangers = new Set([401, 403, 407]);

/** Gives a request its key and its bytes. */
export function prepare(request: Request<unknown>, key: string = makeKey()): Prepared {
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new TypeError(`${request.operation}: a key is 1 to 255 visible ASCII characters`);
  return {
    operation: request.operation,
    method: request.method,
    path: request.path,
    key,
    headers: { ...request.headers },
    body: "body" in request ? encode(request.body) : null,
    answer: request.answer ?? "json",
    nullable: request.nullable ?? false,
    retention: request.retention ?? day,
    timeout: request.timeout ?? 0,
  };
}

/** Sends operations to a server. Clients that are generated extend it. */
export class Client {
  /** Where the server is, without a slash at the end. */
  readonly baseUrl: string;
  readonly #options: Options;
  readonly #fetch: typeof globalThis.fetch;
  #spent = 0; // of the budget, in tenths of a retry
  #counted = 0; // when

  constructor(options: Options = {}) {
    const url = new URL(options.baseUrl ?? globalThis.location?.origin ?? "", globalThis.location?.href);
    if (!/^https?:$/.test(url.protocol)) throw new TypeError(`baseUrl: ${url.protocol} is neither http: nor https:`);
    this.baseUrl = (url.origin + url.pathname).replace(/\/+$/, "");
    this.#options = options;
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    if (typeof options.headers !== "function") new Headers(options.headers); // throws when they cannot be sent
  }

  /** Sends a request until it is answered. It throws a {@link CneriumError}, or a TypeError when it cannot be sent. */
  async send<Result>(request: Request<Result>, call: Call = {}): Promise<Answer<Result>> {
    const sent = prepare(request, call.key);
    const start = performance.now();
    let pending = call.key !== undefined; // an earlier call may have sent it
    for (let number = 1; ; number++) {
      if (call.signal?.aborted) throw new CneriumError(sent, number - 1, aborted(call.signal), pending);
      const began = performance.now();
      const outcome = await this.attempt(sent, call.signal);
      const { delay, why } = this.#next(outcome, number, performance.now() - start, this.#patience(sent));
      this.#report(sent, number, performance.now() - began, outcome, delay);
      if (outcome.verdict === "done") {
        return { value: outcome.value as Result, meta: metaOf(sent.key, number, outcome.response) };
      }
      const foreign = outcome.kind === "unreadable" && !/json/i.test(outcome.response?.headers.get("Content-Type") ?? "");
      pending = open.has(outcome.kind) || foreign || (pending && (mute.has(outcome.kind) || strangers.has(outcome.response?.status ?? 0)));
      if (delay === null) throw new CneriumError(sent, number, outcome, pending, why);
      await sleep(delay, call.signal);
    }
  }

  /** Milliseconds for one attempt. */
  #patience(sent: Prepared): number {
    return this.#options.attemptTimeout ?? Math.max(40_000, sent.timeout + 10_000);
  }

  /** Sends a prepared request once. It does not throw. */
  async attempt(sent: Prepared, signal?: AbortSignal): Promise<Outcome> {
    let headers: Headers;
    try {
      const given = this.#options.headers;
      headers = new Headers(typeof given === "function" ? await given() : given);
    } catch (cause) {
      return failure("failed", "headers", null, cause);
    }
    for (const [name, value] of Object.entries(sent.headers)) headers.set(name, value);
    headers.set("Idempotency-Key", sent.key.startsWith('"') ? JSON.stringify(sent.key) : sent.key);
    headers.set("Accept", sent.answer === "raw" ? "*/*" : "application/json");
    if (sent.body !== null) headers.set("Content-Type", "application/json");

    const controller = new AbortController();
    const abort = () => controller.abort(signal?.reason);
    const late = () => controller.abort(new DOMException("the server took too long to answer", "TimeoutError"));
    const timer = setTimeout(late, this.#patience(sent));
    signal?.addEventListener("abort", abort, { once: true });
    try {
      if (signal?.aborted) return aborted(signal);
      const fetch = this.#fetch; // which browsers want to be called without an object
      const response = await fetch(this.baseUrl + sent.path, {
        method: sent.method,
        headers,
        body: sent.body,
        signal: controller.signal,
        redirect: "manual", // a 301, 302 or 303 would be followed with another method
        ...(this.#options.credentials && { credentials: this.#options.credentials }),
      });
      return this.#judge(sent, response, await response.arrayBuffer());
    } catch (cause) {
      if (signal?.aborted) return aborted(signal);
      const code = (cause as { cause?: { code?: unknown } } | null)?.cause?.code;
      return failure(typeof code === "string" && distrust.test(code) ? "failed" : "again", "network", null, cause);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  #judge(sent: Prepared, response: Response, bytes: ArrayBuffer): Outcome {
    if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) {
      return failure("failed", "redirect", null, new Error("the server redirects: give the client the address where it ends up"));
    }
    const { status, statusText, headers } = response;
    const whole = new Response([204, 205].includes(status) ? null : bytes, { status, statusText, headers });
    if (response.ok) return this.#read(sent, whole, bytes);
    const problem = problemOf(whole, bytes);
    const known = status === 409 || problem?.type !== inFlight ? kinds.get(problem?.type ?? "") : undefined;
    const kind = known ?? (again.has(status) ? "unavailable" : status < 500 ? "refused" : "server");
    return failure(again.has(status) || kind === "in-flight" ? "again" : "failed", kind, whole, null, problem);
  }

  #read(sent: Prepared, response: Response, bytes: ArrayBuffer): Outcome {
    try {
      return { verdict: "done", value: this.#value(sent, response, bytes), response };
    } catch (cause) {
      return failure("failed", "unreadable", response, cause);
    }
  }

  #value(sent: Prepared, response: Response, bytes: ArrayBuffer): unknown {
    if (sent.answer === "raw") return response.clone();
    if (sent.answer === "none") {
      if (bytes.byteLength > 0) throw new TypeError("the answer has a body, and should have none");
      return undefined;
    }
    const type = response.headers.get("Content-Type") ?? "";
    if (!/^application\/(json|[^;]+\+json)\s*(;|$)/i.test(type)) {
      throw new TypeError(`the answer is not JSON: its Content-Type is "${type}"`);
    }
    const value = (this.#options.parse ?? parse)(new TextDecoder().decode(bytes));
    if (value === null && !sent.nullable) throw new TypeError("the answer is null");
    return value;
  }

  /** Decides when the next attempt is made, or why there is none. */
  #next(outcome: Outcome, number: number, elapsed: number, patience: number): { delay: number | null; why: string } {
    if (outcome.verdict === "done") this.#spent = Math.max(0, this.#spent - 1);
    if (outcome.verdict !== "again") return { delay: null, why: "" };
    const { maxAttempts = 10, maxElapsed = 3 * patience, minDelay = 200, maxDelay = 20_000, maxRetryAfter = 60_000 } = this.#options;
    if (number >= maxAttempts) return { delay: null, why: "" };
    const delay = outcome.retryAfter + jitter(number, minDelay, maxDelay);
    if (outcome.retryAfter > maxRetryAfter || elapsed + delay > maxElapsed) {
      return { delay: null, why: `not tried again: that would be in ${Math.ceil(delay / 1000)} s, which is too late` };
    }
    if (outcome.kind !== "in-flight" && !this.#takeRetry()) {
      return { delay: null, why: "not tried again: too many calls of this client have failed" };
    }
    return { delay, why: "" };
  }

  /** Takes one retry out of the budget, if there is one. */
  #takeRetry(): boolean {
    const now = performance.now();
    this.#spent = Math.max(0, this.#spent - (now - this.#counted) / 100);
    this.#counted = now;
    if (this.#spent + 10 > 10 * (this.#options.retryBudget ?? 100)) return false;
    this.#spent += 10;
    return true;
  }

  #report(sent: Prepared, number: number, duration: number, outcome: Outcome, delay: number | null): void {
    const { operation, key } = sent;
    const status = outcome.response?.status ?? 0;
    const [kind, cause] = outcome.verdict === "done" ? (["", null] as const) : ([outcome.kind, outcome.cause] as const);
    try {
      this.#options.onAttempt?.({ operation, key, number, duration, status, kind, cause, delay });
    } catch (error) {
      queueMicrotask(() => { throw error; }); // a log that fails is no reason for the call to fail
    }
  }
}

/** What an answer tells besides its value. */
export function metaOf(key: string, attempts: number, { status, headers }: HTTPResponse): Meta {
  const replayed = headers.get("Idempotency-Replayed") === "true";
  return { key, attempts, status, headers, replayed, cursor: headers.get("Event-Cursor") };
}

/** A random part of a delay that doubles with each attempt, so that clients do not come back in step. */
export function jitter(number: number, minDelay: number, maxDelay: number): number {
  return Math.random() * Math.min(maxDelay, minDelay * 2 ** Math.min(number - 1, 30));
}

/** Waits, but not longer than until the signal. */
function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    signal?.addEventListener("abort", wake, { once: true });
  });
}

/** Returns a new key, a UUID. Pages without a secure context have no randomUUID. */
export function makeKey(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte, i) => {
    const bits = i === 6 ? (byte & 0x0f) | 0x40 : i === 8 ? (byte & 0x3f) | 0x80 : byte;
    return bits.toString(16).padStart(2, "0");
  }).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
