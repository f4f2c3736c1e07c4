-- On which terms a shop sells, and its discount codes.

-- Read and written as a whole: everything a quote needs to know of a shop is one row away.
CREATE TABLE terms (
    shop_id TEXT PRIMARY KEY REFERENCES shop (id),
    -- Raised by every change: the update that raises it locks the row, so that changes are made one after the other.
    version BIGINT NOT NULL,
    -- domain::terms::Terms (JSON).
    terms TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE discount (
    shop_id TEXT NOT NULL REFERENCES shop (id),
    code TEXT NOT NULL,
    -- Codes that were made together are ended together.
    batch TEXT,
    -- domain::discount::Discount (JSON).
    discount TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When the shop ended it.
    ended_at BIGINT,
    PRIMARY KEY (shop_id, code)
);
CREATE INDEX discount_batch ON discount (shop_id, batch);
CREATE INDEX discount_age ON discount (shop_id, created_at);

-- A code that an order uses: taken with its quote, freed with its hold.
CREATE TABLE discount_use (
    order_id TEXT PRIMARY KEY REFERENCES orders (id),
    shop_id TEXT NOT NULL REFERENCES shop (id),
    code TEXT NOT NULL,
    -- The buyer's address in small letters, once it is known.
    customer TEXT
);
CREATE INDEX discount_use_code ON discount_use (shop_id, code);
