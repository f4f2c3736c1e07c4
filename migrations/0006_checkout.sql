-- Orders and the stock reserved for them.

CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    -- The unguessable name in the buyer's addresses.
    token TEXT NOT NULL UNIQUE,
    number BIGINT NOT NULL,
    -- Sent with the buyer's form, so that pressing twice gives one order.
    idempotency_key TEXT UNIQUE,
    state TEXT NOT NULL,
    test BIGINT NOT NULL,
    total_minor BIGINT NOT NULL CHECK (total_minor >= 0),
    currency TEXT NOT NULL,
    -- Who buys and where it goes (JSON).
    buyer TEXT,
    -- The buyer's address in small letters.
    customer TEXT,
    -- The country, or the part of one, that it is taxed and sent to.
    destination TEXT,
    code TEXT,
    receipt BIGINT,
    declined TEXT,
    held_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    paid_at BIGINT,
    sent_at BIGINT,
    UNIQUE (shop_id, number),
    UNIQUE (shop_id, receipt)
);
CREATE INDEX orders_open ON orders (state, held_until);
CREATE INDEX orders_shop ON orders (shop_id, state, number);
CREATE INDEX orders_customer ON orders (shop_id, customer);
CREATE INDEX orders_paid ON orders (shop_id, paid_at);

CREATE TABLE order_line (
    order_id TEXT NOT NULL REFERENCES orders (id),
    position BIGINT NOT NULL,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    -- 'item', or 'delivery': a line without a product, after all others.
    kind TEXT NOT NULL,
    -- No foreign keys: a line outlives what was sold.
    product_id TEXT,
    variant_id TEXT,
    slug TEXT,
    -- How it is sent.
    method TEXT,
    title TEXT NOT NULL,
    -- The values of its variant in one line, and the shop's own number of it; empty for none.
    choice TEXT NOT NULL DEFAULT '',
    sku TEXT NOT NULL DEFAULT '',
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    -- What one costs as the page said it. quantity × price_minor − discount_minor is the net amount, or where that price includes
    -- its tax, net and tax together. The order's total is the sum of net and tax of its lines.
    price_minor BIGINT NOT NULL CHECK (price_minor >= 0),
    discount_minor BIGINT NOT NULL CHECK (discount_minor >= 0),
    net_minor BIGINT NOT NULL CHECK (net_minor >= 0),
    tax_minor BIGINT NOT NULL CHECK (tax_minor >= 0),
    tax_class TEXT NOT NULL,
    -- Absent on a line without tax: where it is owed, its rate in parts of a million, whether the price includes it.
    tax_place TEXT,
    tax_ppm BIGINT,
    tax_inclusive BIGINT,
    PRIMARY KEY (order_id, position)
);

-- Stock promised to an order: in stock.reserved until it is paid (state 'held'), in stock.committed until it is sent
-- ('committed'). The sums per variant and location are those columns.
CREATE TABLE reservation (
    order_id TEXT NOT NULL REFERENCES orders (id),
    variant_id TEXT NOT NULL REFERENCES variant (id),
    location_id TEXT NOT NULL REFERENCES location (id),
    shop_id TEXT NOT NULL REFERENCES shop (id),
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    state TEXT NOT NULL,
    -- Whose holds are counted together while they are not paid: the household's address and the hash of the browser's cookie.
    -- Both are forgotten with the payment.
    client TEXT,
    browser TEXT,
    PRIMARY KEY (order_id, variant_id, location_id)
);
CREATE INDEX reservation_variant ON reservation (variant_id);
CREATE INDEX reservation_client ON reservation (client, variant_id) WHERE client IS NOT NULL;
CREATE INDEX reservation_browser ON reservation (browser, variant_id) WHERE browser IS NOT NULL;
