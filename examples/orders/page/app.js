// The page of the example: it places orders, lists them, and shows events.
// Everything that comes from the server is shown as text, never as markup.

import { connect } from "/cnerium.js";

const $ = (id) => document.getElementById(id);

/** Makes an element with text and classes. */
function element(name, text = "", className = "") {
  const node = document.createElement(name);
  node.textContent = text;
  node.className = className;
  return node;
}

// --- Requests ---------------------------------------------------------------

/** A new key: one for each thing that a person wants, the same for its retries. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return "web-" + Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Sends a durable request once. */
async function send(path, key, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Idempotency-Key": key, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return {
    key,
    status: response.status,
    replayed: response.headers.get("Idempotency-Replayed"),
    cursor: response.headers.get("Event-Cursor"),
    retryAfter: response.headers.get("Retry-After"),
    text: await response.text(),
  };
}

/**
 * Sends a durable request until there is an answer. The key stays the same, so
 * it does not matter which of the attempts has reached the server.
 */
async function sendUntilAnswered(path, key, body) {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await send(path, key, body);
      if (answer.retryAfter === null || attempt === 5) return answer;
    } catch (error) {
      if (attempt === 5) throw error;
    }
    await pause(attempt);
  }
}

/** Waits longer after each failure, up to ten seconds, and not in step with others. */
function pause(failures) {
  const longest = Math.min(10_000, 250 * 2 ** failures);
  return new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
}

// --- Placing an order -------------------------------------------------------

function orderFromForm() {
  const fields = new FormData($("form"));
  return { product_id: fields.get("product_id"), quantity: Math.trunc(Number(fields.get("quantity"))) };
}

async function placeOrder() {
  const answer = await sendUntilAnswered("/orders", newKey(), orderFromForm());
  $("answers").replaceChildren(card("Answer", answer));
}

async function sendTwice() {
  const [key, order] = [newKey(), orderFromForm()];
  const first = await send("/orders", key, order);
  const second = await send("/orders", key, order);
  const same = first.status === second.status && first.text === second.text;
  let verdict = "The two answers differ.";
  if (second.replayed) verdict = same ? "Same bytes, one order: the second answer is a replay." : "A replay, but other bytes.";
  else if (same) verdict = "Refused both times, and nothing was stored: the key is still free.";
  $("answers").replaceChildren(card("First", first), card("Second", second), element("p", verdict, "verdict"));
}

function card(title, answer) {
  const node = element("article");
  const facts = element("dl");
  const fact = (name, value, className) => facts.append(element("dt", name), element("dd", value, className));
  fact("Status", String(answer.status));
  fact("Idempotency-Key", answer.key);
  fact("Idempotency-Replayed", answer.replayed ?? "not sent", answer.replayed ? "replayed" : "");
  if (answer.cursor) fact("Event-Cursor", answer.cursor);
  node.append(element("h3", title), facts, element("pre", answer.text));
  return node;
}

/** Runs what a button does, and shows when the server cannot be reached. */
async function busy(action) {
  const buttons = document.querySelectorAll("button");
  buttons.forEach((button) => (button.disabled = true));
  try {
    await action();
  } catch {
    $("answers").replaceChildren(element("p", "The server cannot be reached. Try again.", "verdict"));
  } finally {
    document.querySelectorAll("button").forEach((button) => (button.disabled = false));
    refresh();
  }
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  busy(placeOrder);
});
$("twice").addEventListener("click", () => busy(sendTwice));

// --- The list ---------------------------------------------------------------

const shownOrders = 200;
let refreshing = false;
let stale = false;

/** Loads the list. Calls during a load lead to one more load after it. */
async function refresh() {
  if (refreshing) {
    stale = true;
    return;
  }
  refreshing = true;
  do {
    stale = false;
    try {
      const [orders, held] = await Promise.all([fetch("/orders"), fetch("/admin/unknown")]);
      if (orders.ok) showOrders((await orders.json()).orders);
      showHeld(held.ok ? (await held.json()).unknown : []); // not for every machine
    } catch {
      // The connection line tells that the server is away.
    }
  } while (stale);
  refreshing = false;
}

function showOrders(orders) {
  const rows = orders.slice(-shownOrders).reverse().map(orderRow);
  $("orders").replaceChildren(...rows);
  $("none").hidden = orders.length > 0;
  $("count").textContent = orders.length > shownOrders ? `last ${shownOrders} of ${orders.length}` : String(orders.length);
}

function orderRow(order) {
  const id = element("td", order.order_id, "mono");
  id.title = order.order_id;
  const action = element("td");
  if (order.status !== "cancelled") {
    const button = element("button", "Cancel", "small");
    button.addEventListener("click", () => busy(() => cancel(order.order_id)));
    action.append(button);
  }
  const row = element("tr");
  row.append(
    element("td", String(order.row), "number"),
    id,
    element("td", order.product_id),
    element("td", String(order.quantity), "number"),
    element("td", order.status, order.status),
    action,
  );
  return row;
}

async function cancel(id) {
  const answer = await sendUntilAnswered(`/orders/${encodeURIComponent(id)}/cancel`, newKey());
  $("answers").replaceChildren(card("Cancelled", answer));
}

// --- Unknown outcomes -------------------------------------------------------

function showHeld(list) {
  $("held").hidden = list.length === 0;
  $("held-rows").replaceChildren(...list.map(heldRow));
}

function heldRow(held) {
  const button = element("button", "Release", "small");
  button.addEventListener("click", () => busy(() => release(held)));
  const action = element("td");
  action.append(button);
  const key = element("td", held.key, "mono");
  key.title = held.key;
  const row = element("tr");
  row.append(element("td", held.operation), key, element("td", `since ${new Date(held.since).toLocaleTimeString()}`), action);
  return row;
}

/** Frees the key: the client's next retry runs the handler again. */
async function release({ operation, key }) {
  const response = await fetch("/admin/unknown/resolve", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ operation, key, action: "release" }),
  });
  const verdict = response.ok ? `The key ${key} is free: its next retry runs.` : await response.text();
  $("answers").replaceChildren(element("p", verdict, "verdict"));
}

// --- Live events ------------------------------------------------------------

const shownEvents = 50;
const memory = "cnerium.events"; // in sessionStorage: for a page that is loaded again

/** What the page has shown, the newest last, and the cursor behind it. */
const shown = { cursor: "", events: [], ...JSON.parse(sessionStorage.getItem(memory) ?? "{}") };

const feed = connect({ ws: "/ws", sse: "/events", cursor: shown.cursor });

/** Keeps both together, so that no event is shown twice or left out by a reload. */
function remember() {
  shown.cursor = feed.cursor;
  sessionStorage.setItem(memory, JSON.stringify(shown));
}

function showEvent(event) {
  const item = element("li");
  item.dataset.id = event.id;
  item.dataset.type = event.type;
  item.dataset.subject = event.subject ?? "";
  const time = element("time", new Date(event.time).toLocaleTimeString());
  time.dateTime = event.time;
  item.append(time, element("b", event.type), element("code", JSON.stringify(event.data)));
  $("events").prepend(item);
  while ($("events").children.length > shownEvents) $("events").lastChild.remove();
  $("quiet").hidden = true;
}

feed.addEventListener("event", ({ detail }) => {
  shown.events = [...shown.events, detail].slice(-shownEvents);
  remember();
  showEvent(detail);
  refresh();
});

// What was missed is no longer kept by the server: only the list tells what
// has happened.
feed.addEventListener("gap", () => {
  remember();
  refresh();
  $("missed").hidden = false;
});

const transports = { ws: "WebSocket", sse: "Server-Sent Events" };

function showConnection() {
  const { state, transport } = feed;
  $("connection").dataset.state = state;
  $("connection").dataset.transport = transport;
  $("connection").textContent = state === "live" ? `live over ${transports[transport]}` : state;
}

feed.addEventListener("state", ({ detail: state }) => {
  showConnection();
  if (state === "live" && shown.cursor === "") {
    remember();
    refresh(); // what was placed before the first welcome has no event here
  }
});

feed.addEventListener("refused", ({ detail }) => ($("connection").textContent = detail.detail || "refused"));
addEventListener("pagehide", remember);

shown.events.forEach(showEvent);
showConnection();
refresh();
