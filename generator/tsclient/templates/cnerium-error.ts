// How a call fails.

import { retryAfterOf, type Problem } from "./cnerium-wire.js";
import type { HTTPResponse, Prepared } from "./cnerium.js";

/**
 * Why a call failed.
 *
 * - "network": there was no answer, in all attempts.
 * - "unavailable": the server asked to come back later, in all attempts.
 * - "in-flight": an earlier attempt with the key is still running.
 * - "key-reused": the key belongs to another request.
 * - "outcome-unknown": the server cannot tell whether the operation happened,
 *   and somebody has to find out.
 * - "refused": a 4xx; nothing will change when it is repeated.
 * - "server": any other 5xx, of which a client cannot know what it left behind.
 * - "redirect": the address is not the server's own.
 * - "unreadable": it succeeded, but the answer is not what it should be.
 * - "headers": the function for the headers failed; nothing was sent.
 * - "aborted": the signal ended the call.
 */
export type ErrorKind =
  | "network" | "unavailable" | "in-flight" | "key-reused" | "outcome-unknown" | "refused" | "server"
  | "redirect" | "unreadable" | "headers" | "aborted";

/** How one attempt ended, and whether another may help. */
export type Outcome =
  | { readonly verdict: "done"; readonly value: unknown; readonly response: HTTPResponse }
  | {
      readonly verdict: "again" | "failed";
      readonly kind: ErrorKind;
      readonly response: HTTPResponse | null;
      readonly problem: Problem | null;
      /** Milliseconds that the server asks to wait; 0 when it does not. */
      readonly retryAfter: number;
      readonly cause: unknown;
    };

/** An attempt without a success. */
export type Failure = Exclude<Outcome, { verdict: "done" }>;

/** A call that failed. */
export class CneriumError extends Error {
  override readonly name = "CneriumError";
  readonly kind: ErrorKind;
  /**
   * Whether nothing final is known: the operation may have happened, or not. A
   * call with the same key and the same input will tell, or make it happen; so
   * keep both.
   */
  readonly pending: boolean;
  readonly operation: string;
  /** To be kept by who wants to repeat the call. */
  readonly key: string;
  readonly attempts: number;
  /** Of the last answer; 0 when there was none. */
  readonly status: number;
  readonly problem: Problem | null;
  /** The last answer, with its body in memory; null when there was none. */
  readonly response: HTTPResponse | null;

  constructor(sent: Prepared, attempts: number, failure: Failure, pending: boolean, why = "") {
    super(describe(sent, attempts, failure, why), { cause: failure.cause });
    this.kind = failure.kind;
    this.pending = pending;
    this.operation = sent.operation;
    this.key = sent.key;
    this.attempts = attempts;
    this.status = failure.response?.status ?? 0;
    this.problem = failure.problem;
    this.response = failure.response;
  }
}

function describe(sent: Prepared, attempts: number, { kind, response, problem, cause }: Failure, why: string): string {
  const answer = response ? ` ${response.status}` : "";
  const detail = problem?.detail ?? problem?.title ?? (cause instanceof Error ? cause.message : "");
  const tries = attempts > 1 ? ` after ${attempts} attempts` : "";
  return `${sent.operation}: ${kind}${answer}${tries}${detail && `: ${detail}`}${why && `; ${why}`}`;
}

/** An attempt that failed. */
export function failure(
  verdict: "again" | "failed", kind: ErrorKind, response: HTTPResponse | null, cause: unknown, problem: Problem | null = null,
): Failure {
  return { verdict, kind, response, problem, retryAfter: response ? retryAfterOf(response) : 0, cause };
}

/** An attempt that the signal ended. */
export function aborted(signal: AbortSignal): Failure {
  return failure("failed", "aborted", null, signal.reason);
}
