import { CneriumError, type Answer, type Meta } from "./orders/cnerium.js";
import { openOutbox, type Entry } from "./orders/cnerium-outbox.js";
import { cancelOrder, createOrder, OrdersClient, type OrderCreated } from "./orders/orders.js";

const api = new OrdersClient({ baseUrl: "https://shop.example", headers: async () => ({ Authorization: "Bearer t" }) });

export async function order(): Promise<Meta> {
  const { value, meta } = await api.createOrder({ product_id: "p1", quantity: 2 }, { key: "k1", signal: AbortSignal.timeout(1_000) });
  const id: string = value.order_id;
  const cancelled: Answer<{ status: string }> = await api.cancelOrder(id);
  // @ts-expect-error: there is no such member
  void cancelled.value.order;
  // @ts-expect-error: a member is missing
  await api.createOrder({ product_id: "p1" });
  // @ts-expect-error: a member is misspelt
  await api.createOrder({ product_id: "p1", quantity: 2, quantty: 3 });
  // @ts-expect-error: the wrong type
  await api.cancelOrder(1);
  // @ts-expect-error: another operation's answer
  const wrong: Answer<OrderCreated> = await api.send(cancelOrder("ord_1"));
  void wrong;
  return meta;
}

export function failed(error: unknown): string {
  if (!(error instanceof CneriumError)) return "";
  switch (error.kind) {
    case "refused":
      return error.problem?.detail ?? "";
    // @ts-expect-error: there is no such kind
    case "timeout":
      return error.key;
    default:
      return error.pending ? error.key : "";
  }
}

export function listen(meta: Meta) {
  const feed = api.subscribe(
    {
      "order.created": (data, event) => {
        const id: string = data.order_id;
        const type: "order.created" = event.type;
        return id + type;
      },
      "order.cancelled": ({ status }) => status,
      // @ts-expect-error: nobody emits it
      "order.shipped": () => {},
    },
    { cursor: meta.cursor, rooms: ["a"], onGap: () => location.reload() },
  );
  feed.join("b");
  return feed.cursor;
}

export async function later(): Promise<Entry | undefined> {
  const outbox = await openOutbox(api, { name: "outbox-of-user-7", onSettled: (entry) => console.log(entry.state) });
  const { id } = await outbox.add(createOrder({ product_id: "p1", quantity: 2 }), { queue: "orders", data: { row: 7 } });
  // @ts-expect-error: not a request
  await outbox.add({ product_id: "p1" });
  return outbox.settled(id);
}
