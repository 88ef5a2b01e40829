-- order_id is deliberately not unique: an order that was placed twice would be
-- seen as two rows.
CREATE TABLE IF NOT EXISTS orders (
    row        INTEGER PRIMARY KEY,
    order_id   TEXT    NOT NULL,
    product_id TEXT    NOT NULL,
    quantity   INTEGER NOT NULL,
    status     TEXT    NOT NULL DEFAULT 'placed',
    created_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);

CREATE INDEX IF NOT EXISTS orders_by_id ON orders (order_id);

-- payment_id is unique: when a key was released and its payment ran again, it
-- is recorded once, as the provider has charged once.
CREATE TABLE IF NOT EXISTS payments (
    payment_id   TEXT PRIMARY KEY,
    order_id     TEXT    NOT NULL,
    amount_cents INTEGER NOT NULL,
    currency     TEXT    NOT NULL,
    reference    TEXT    NOT NULL
);
