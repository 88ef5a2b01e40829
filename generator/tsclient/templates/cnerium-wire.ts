// How values go over the wire.

/**
 * An integer that may have 64 bits. JavaScript's numbers hold integers up to
 * 2^53 exactly: an answer with one that would be changed by reading it is
 * refused, and never silently wrong. See the option parse for a way around.
 */
export type Int64 = number;

/** A number without limits on the server, under the same rule as {@link Int64}. */
export type BigNumber = number;

/** A time in the format of RFC 3339: 2006-01-02T15:04:05Z. Date.parse reads it, and Date's toISOString writes it. */
export type Time = string;

/** Bytes in base64. */
export type Base64 = string;

/** A problem document (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly [extension: string]: unknown;
}

type Scalar = string | number | boolean;

/** Encodes a value of a path. */
export function segment(value: Scalar): string {
  const plain = text(value);
  if (plain === "" || plain === "." || plain === "..") {
    throw new TypeError(`${JSON.stringify(plain)} cannot be a part of a path`); // it would be another path
  }
  return encodeURIComponent(plain);
}

/** Encodes the rest of a path, which may have slashes. */
export function segments(value: Scalar): string {
  const plain = text(value);
  return plain === "" ? "" : plain.split("/").map(segment).join("/");
}

/** Encodes a query with its question mark. What is undefined is left out. */
export function query(values: Readonly<Record<string, Scalar | readonly Scalar[] | undefined>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of list(value)) params.append(name, text(one));
  }
  const encoded = params.toString();
  return encoded && `?${encoded}`;
}

/** Checks header fields. What is undefined is left out, and a list becomes one field with commas. */
export function headers(values: Readonly<Record<string, Scalar | readonly Scalar[] | undefined>>): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    const texts = list(value).map(text);
    for (const plain of texts) {
      if (!/^([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?)?$/.test(plain) || (Array.isArray(value) && (plain === "" || plain.includes(",")))) {
        throw new TypeError(`${JSON.stringify(plain)} cannot be sent in the header ${name}`);
      }
    }
    if (texts.length > 0) fields[name] = texts.join(", ");
  }
  return fields;
}

function list(value: Scalar | readonly Scalar[] | undefined): readonly Scalar[] {
  if (value === undefined || value === null) return [];
  return typeof value === "object" ? value : [value];
}

function text(value: Scalar): string {
  if (value === undefined || value === null) throw new TypeError("a value of the path is missing");
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${value} cannot be sent`);
  return String(value);
}

/** Returns an object without some of its properties. */
export function omit<T extends object, K extends keyof T>(value: T, ...keys: K[]): Omit<T, K> {
  const rest = { ...value };
  for (const key of keys) delete rest[key];
  return rest;
}

/** Encodes a body. JSON.stringify would make null of what is no number. */
export function encode(body: unknown): string {
  const encoded = JSON.stringify(body, (name, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${name}: ${value} cannot be sent`);
    return value;
  }) as string | undefined;
  if (encoded === undefined) throw new TypeError("the body is missing");
  return encoded;
}

/**
 * Decodes JSON. An integer that a number cannot hold is refused: whatever it is
 * read as would be written as another one.
 */
export function parse(json: string): unknown {
  const value: unknown = JSON.parse(json);
  if (!/\d{16}/.test(json)) return value;
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|-?[\d.]+(?:[eE][-+]?\d+)?/g)) {
    if (token.length > 15 && /^-?\d+$/.test(token) && String(Number(token)) !== token) {
      throw new RangeError(`the answer has the integer ${token}, which a number cannot hold`);
    }
  }
  return value;
}

/** Reads a problem document; null when it is none. */
export function problemOf(response: Response, bytes: ArrayBuffer): Problem | null {
  if (!/^application\/problem\+json\s*(;|$)/i.test(response.headers.get("Content-Type") ?? "")) return null;
  try {
    const problem: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof problem !== "object" || problem === null || Array.isArray(problem)) return null;
    const members = problem as Record<string, unknown>;
    const known = Object.entries(members).filter(([name, value]) => typeof value === (shape[name] ?? typeof value));
    return { type: "about:blank", ...Object.fromEntries(known) };
  } catch {
    return null;
  }
}

/** What the members of a problem document are; those that are not are passed over (RFC 9457, section 3.1). */
const shape: Readonly<Record<string, string>> = { type: "string", title: "string", status: "number", detail: "string", instance: "string" };

/** Reads Retry-After, as milliseconds from now; 0 when there is none. A date counts from the server's clock, if it tells. */
export function retryAfterOf({ headers }: Response): number {
  const field = headers.get("Retry-After")?.trim() ?? "";
  if (/^\d+$/.test(field)) return Number(field) * 1000;
  const now = Date.parse(headers.get("Date") ?? "") || Date.now();
  return Math.max(0, (Date.parse(field) || now) - now);
}
