// How a feed of events is connected.

import { problemOf, retryAfterOf } from "./cnerium-wire.js";

/** WebSocket, or Server-Sent Events. */
export type Transport = "ws" | "sse";

/** An open connection. After close it calls nobody any more, but for messages that had come before. */
export interface Link {
  close(): void;
  /** Only with WebSocket. */
  readonly send?: (message: unknown) => void;
}

/** Whom a connection calls, and what it sends. */
export interface Peer {
  readonly receive: (text: string) => void;
  /** With the HTTP status or the close code, the server's words, and the milliseconds that it asks to wait. */
  readonly end: (code?: number, reason?: string, retryAfter?: number) => void;
  readonly headers: HeadersInit | (() => HeadersInit | Promise<HeadersInit>) | undefined;
  readonly credentials: RequestCredentials | undefined;
}

/** Returns the whole address of a transport. */
export function address(transport: Transport, baseUrl: string, given: string): string {
  const url = new URL(given, `${baseUrl}/`);
  if (transport === "ws") url.protocol = url.protocol.replace(/^http/, "ws");
  return url.href;
}

/** Opens a connection. It throws when there can be none. */
export const open: Readonly<Record<Transport, (url: string, peer: Peer) => Link>> = { ws: webSocket, sse: serverSentEvents };

function webSocket(url: string, { receive, end }: Peer): Link {
  const socket = new WebSocket(url);
  socket.onmessage = (message) => receive(String(message.data));
  socket.onclose = (close) => end(close.code, close.reason);
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    close() {
      socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}

/** What is told about the end of a connection. */
type Told = [status?: number, reason?: string, retryAfter?: number];

// An EventSource would not tell why it does not open, sends no headers, and
// goes on with the cursor of its first time. A plain request does all of it.
function serverSentEvents(url: string, peer: Peer): Link {
  const controller = new AbortController();
  let closed = false;
  const listen = async (): Promise<Told> => {
    const { headers, credentials } = peer;
    const fields = new Headers(typeof headers === "function" ? await headers() : headers);
    fields.set("Accept", "text/event-stream");
    const response = await fetch(url, {
      headers: fields,
      cache: "no-store",
      signal: controller.signal,
      ...(credentials && { credentials }),
    });
    if (response.status !== 200 || !response.body) {
      const problem = problemOf(response, await response.arrayBuffer());
      return [response.status, problem?.detail ?? "", retryAfterOf(response)];
    }
    if (!/^text\/event-stream\s*(;|$)/i.test(response.headers.get("Content-Type") ?? "")) return []; // not ours
    for await (const message of messages(response.body)) peer.receive(message);
    return [];
  };
  listen().catch((): Told => []).then((told) => {
    controller.abort();
    if (!closed) peer.end(...told);
  });
  return {
    close() {
      closed = true;
      controller.abort();
    },
  };
}

/** Reads the data of each message of a stream. What it is about stands in the data, too. */
async function* messages(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return; // a message without its empty line is not whole
    rest += decoder.decode(value, { stream: true });
    // A carriage return at the end may be half of a line end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      if (line !== "" || data.length === 0) continue;
      yield data.join("\n");
      data = [];
    }
  }
}
