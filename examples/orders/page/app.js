// The page of the example: it places orders, lists them, and shows events.
// Everything that comes from the server is shown as text, never as markup.

import { metaOf, prepare } from "/client/cnerium.js";
import { openOutbox } from "/client/cnerium-outbox.js";
import { createOrder, OrdersClient } from "/client/orders.js";
import { connect } from "/cnerium.js";

const $ = (id) => document.getElementById(id);

/** Makes an element with text and classes. */
function element(name, text = "", className = "") {
  const node = document.createElement(name);
  node.textContent = text;
  node.className = className;
  return node;
}

const shownLast = {};

/** Whether this is other than what was shown last. What stays the same keeps its buttons, also while one is pressed. */
function isNews(name, value) {
  const text = JSON.stringify(value);
  const news = text !== shownLast[name];
  shownLast[name] = text;
  return news;
}

// --- Placing an order -------------------------------------------------------

/** The client is generated. It retries by itself, with one key for each call; a person waits, so not for long. */
const api = new OrdersClient({ maxElapsed: 10_000 });

/** Orders are kept here, in the browser, until they are answered, also while the page is closed. */
const outbox = openOutbox(api, { onSettled: settled });

function orderFromForm() {
  const fields = new FormData($("form"));
  return { product_id: fields.get("product_id"), quantity: Math.trunc(Number(fields.get("quantity"))) };
}

async function placeOrder() {
  const box = await outbox;
  await box.add(createOrder(orderFromForm())); // from here on it will be placed, once
  setTimeout(showWaiting, 300); // when it is not answered by then
}

/** Is called for what is answered, now or while the page was closed. What succeeded need not be kept any longer. */
async function settled(entry) {
  if (entry.state === "done") {
    $("answers").replaceChildren(card("Answer", { ...entry, key: entry.request.key, text: JSON.stringify(entry.value) }));
    await (await outbox).take(entry.id);
  }
  await showWaiting();
  refresh();
}

async function showWaiting() {
  const entries = await (await outbox).entries();
  if (!isNews("waiting", entries)) return;
  $("waiting").hidden = entries.length === 0;
  $("waiting-rows").replaceChildren(...entries.map(waitingRow));
}

function waitingRow({ id, state, kind, problem, request }) {
  const { product_id, quantity } = JSON.parse(request.body);
  const why = {
    pending: () => "waits for the server",
    failed: () => problem?.detail ?? kind,
    expired: () => `may have been placed a day ago: look for ord_${request.key}`,
  };
  const actions = element("td");
  const action = (name, act) => {
    const button = element("button", name, "small");
    button.addEventListener("click", () => busy(async () => {
      await act(await outbox);
      await showWaiting();
    }));
    actions.append(button);
  };
  if (state !== "pending") {
    action("Send again", (box) => box.retry(id));
    action("Forget", (box) => box.take(id));
  }
  const row = element("tr");
  row.dataset.state = state;
  row.append(element("td", `${quantity} of ${product_id}`), element("td", why[state](), "faint"), actions);
  return row;
}

async function sendTwice() {
  const order = prepare(createOrder(orderFromForm())); // its key and its bytes
  const [first, second] = [await sendOnce(order), await sendOnce(order)];
  const same = first.status === second.status && first.text === second.text;
  let verdict = "The two answers differ.";
  if (second.replayed) verdict = same ? "Same bytes, one order: the second answer is a replay." : "A replay, but other bytes.";
  else if (same) verdict = "Refused both times, and nothing was stored: the key is still free.";
  $("answers").replaceChildren(card("First", first), card("Second", second), element("p", verdict, "verdict"));
}

async function sendOnce(request) {
  const { response } = await api.attempt(request);
  if (!response) throw new Error("The server cannot be reached. Try again.");
  return { ...metaOf(request.key, 1, response), text: await response.text() };
}

function card(title, answer) {
  const node = element("article");
  const facts = element("dl");
  const fact = (name, value, className) => facts.append(element("dt", name), element("dd", value, className));
  fact("Status", String(answer.status));
  fact("Idempotency-Key", answer.key);
  fact("Idempotency-Replayed", answer.replayed ? "true" : "not sent", answer.replayed ? "replayed" : "");
  if (answer.cursor) fact("Event-Cursor", answer.cursor);
  node.append(element("h3", title), facts, element("pre", answer.text));
  return node;
}

/** Runs what a button does, and shows when it fails. */
async function busy(action) {
  const buttons = document.querySelectorAll("button");
  buttons.forEach((button) => (button.disabled = true));
  try {
    await action();
  } catch (error) {
    $("answers").replaceChildren(element("p", error.message, "verdict"));
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
  if (!isNews("orders", orders)) return;
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
  const { value, meta } = await api.cancelOrder(id);
  $("answers").replaceChildren(card("Cancelled", { ...meta, text: JSON.stringify(value) }));
}

// --- Unknown outcomes -------------------------------------------------------

function showHeld(list) {
  if (!isNews("held", list)) return;
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
  if (state === "live") outbox.then((box) => box.wake()); // the server is back
  if (state === "live" && shown.cursor === "") {
    remember();
    refresh(); // what was placed before the first welcome has no event here
  }
});

feed.addEventListener("refused", ({ detail }) => ($("connection").textContent = detail.detail || "refused"));
addEventListener("pagehide", remember);

shown.events.forEach(showEvent);
showConnection();
showWaiting();
refresh();
