// The page of the tests: it hands its parts to them.
import { openOutbox } from "/orders/cnerium-outbox.js";
import { createOrder, OrdersClient } from "/orders/orders.js";

window.failures = 0;
const api = new OrdersClient({
  async fetch(...request) {
    try {
      return await fetch(...request);
    } catch (error) {
      window.failures++;
      throw error;
    }
  },
});
const settled = [];
const delay = Number(new URLSearchParams(location.search).get("delay") ?? 1_000);
const outbox = await openOutbox(api, { onSettled: (entry) => settled.push(entry.id), minDelay: delay, maxDelay: Math.max(delay, 300_000) });

Object.assign(window, {
  api,
  settled,
  /** Puts orders into the outbox. */
  async order(from, to, queue) {
    for (let n = from; n <= to; n++) await outbox.add(createOrder({ product_id: `p${n}`, quantity: n }), { queue, key: `k${n}` });
    return true;
  },
  /** What is in the outbox, without what the tests do not look at. */
  async entries() {
    const all = await outbox.entries();
    return all.map(({ state, request, value, replayed, attempts }) => ({ state, key: request.key, order: value?.order_id ?? "", replayed, attempts }));
  },
  /** Listens from the place behind an order, places another one, and returns the event of it. */
  async orderAndListen(...transports) {
    const { meta } = await api.createOrder({ product_id: "first", quantity: 1 });
    return new Promise((resolve, reject) => {
      const feed = api.subscribe({
        "order.created": ({ product_id }) => {
          feed.close();
          resolve(`${product_id} over ${feed.transport}`);
        },
      }, { cursor: meta.cursor, transports, onGap: () => reject(new Error("a gap")) });
      api.createOrder({ product_id: "second", quantity: 1 }).catch(reject);
    });
  },
  ready: true,
});
