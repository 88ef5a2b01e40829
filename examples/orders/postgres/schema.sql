-- order_id is deliberately not unique: an order that was placed twice would be
-- seen as two rows.
CREATE TABLE IF NOT EXISTS orders (
    row        bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    order_id   text        NOT NULL,
    product_id text        NOT NULL,
    quantity   bigint      NOT NULL,
    status     text        NOT NULL DEFAULT 'placed',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS orders_by_id ON orders (order_id);

-- payment_id is unique: when a key was released and its payment ran again, it
-- is recorded once, as the provider has charged once.
CREATE TABLE IF NOT EXISTS payments (
    payment_id   text PRIMARY KEY,
    order_id     text   NOT NULL,
    amount_cents bigint NOT NULL,
    currency     text   NOT NULL,
    reference    text   NOT NULL
);
