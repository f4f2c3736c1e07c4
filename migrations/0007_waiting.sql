-- Who wants to know when a sold-out product is back: forgotten once told, after 180 days, and with the product.

CREATE TABLE waiting (
    product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    email TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (product_id, email)
);
CREATE INDEX waiting_age ON waiting (created_at);
