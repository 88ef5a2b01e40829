// Places orders through a bad network and listens to their events:
//
//   node campaign.mjs ADDRESS NUMBER
//
// It prints a line of JSON for each order, and at last one with the events.
import { OrdersClient } from "../out/orders/orders.js";

const [baseUrl, number] = process.argv.slice(2);
const total = Number(number);
const api = new OrdersClient({ baseUrl, attemptTimeout: 500, maxElapsed: 60_000, maxAttempts: 50, minDelay: 5, maxDelay: 100, retryBudget: Infinity });

const first = await api.createOrder({ product_id: "p0", quantity: 1 });
const events = [];
let complete;
const all = new Promise((resolve) => { complete = resolve; });
const feed = api.subscribe({
  "order.created": ({ product_id, order_id, quantity }) => {
    events.push({ product_id, order_id, quantity });
    if (events.length === total) complete();
  },
}, { cursor: first.meta.cursor, onGap: () => { throw new Error("a gap"); } });

let next = 1;
async function work() {
  for (let n = next++; n <= total; n = next++) {
    const { value, meta } = await api.createOrder({ product_id: `p${n}`, quantity: n });
    console.log(JSON.stringify({ n, value, key: meta.key, attempts: meta.attempts, replayed: meta.replayed }));
  }
}
await Promise.all(Array.from({ length: 16 }, work));
await all;
feed.close();
console.log(JSON.stringify({ events }));
