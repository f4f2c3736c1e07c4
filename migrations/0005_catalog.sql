-- Products, what is sold of them, and how much of it there is.

CREATE TABLE product (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    slug TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    text TEXT NOT NULL,
    -- What one costs, where its variant says nothing else.
    price_minor BIGINT CHECK (price_minor >= 0),
    currency TEXT NOT NULL,
    -- What a shopper chooses of it: domain::catalog::ProductOption in a list (JSON).
    options TEXT NOT NULL DEFAULT '[]',
    tax_class TEXT NOT NULL DEFAULT 'standard',
    -- Raised by every change of the editor's fields.
    version BIGINT NOT NULL DEFAULT 1,
    -- The recording it was drafted from and what was chosen from it (JSON).
    session_id TEXT,
    highlights TEXT,
    -- The capture contract it was filmed under: a template, or one of the shop.
    contract_id TEXT,
    contract_version BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    published_at BIGINT
);
CREATE INDEX product_shop ON product (shop_id, state, published_at);

-- Addresses that a product's page had before; they lead to the one it has.
CREATE TABLE slug_history (
    slug TEXT PRIMARY KEY,
    product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    changed_at BIGINT NOT NULL
);
CREATE INDEX slug_history_product ON slug_history (product_id);

CREATE TABLE product_media (
    product_id TEXT NOT NULL REFERENCES product (id),
    media_id TEXT NOT NULL REFERENCES media (id),
    shop_id TEXT NOT NULL REFERENCES shop (id),
    position BIGINT NOT NULL,
    PRIMARY KEY (product_id, media_id)
);
CREATE INDEX product_media_media ON product_media (media_id);
CREATE INDEX product_media_shop ON product_media (shop_id, product_id, position);

-- What is sold: one for each combination of the product's options. A product without options has one.
CREATE TABLE variant (
    id TEXT PRIMARY KEY,
    product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    position BIGINT NOT NULL,
    -- A value for each option of its product, in their order (JSON).
    option_values TEXT NOT NULL DEFAULT '[]',
    sku TEXT NOT NULL DEFAULT '',
    -- NULL: the product's.
    price_minor BIGINT CHECK (price_minor > 0),
    created_at BIGINT NOT NULL,
    UNIQUE (product_id, position)
);
CREATE INDEX variant_shop ON variant (shop_id);

-- Where stock is kept. Every shop has one.
CREATE TABLE location (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX location_shop ON location (shop_id);

-- on_hand: pieces that lie there. committed: paid and not sent yet. reserved: promised to open orders.
-- What can be bought is on_hand − committed − reserved.
CREATE TABLE stock (
    variant_id TEXT NOT NULL REFERENCES variant (id) ON DELETE CASCADE,
    location_id TEXT NOT NULL REFERENCES location (id),
    shop_id TEXT NOT NULL REFERENCES shop (id),
    on_hand BIGINT NOT NULL DEFAULT 0,
    reserved BIGINT NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    committed BIGINT NOT NULL DEFAULT 0 CHECK (committed >= 0),
    PRIMARY KEY (variant_id, location_id),
    CHECK (reserved + committed <= on_hand)
);

-- Why the pieces that can be sold (on_hand − committed) became more or fewer; the sum of a variant's rows is that number.
CREATE TABLE stock_move (
    id AUTOMATIC_ID,
    -- No foreign keys: the history outlives what was sold.
    variant_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    delta BIGINT NOT NULL,
    reason TEXT NOT NULL,
    -- The order it was sold to.
    subject TEXT,
    -- Who did it, where it was a person of the shop.
    by_person TEXT,
    -- The page it was typed on, so that a correction that is sent twice counts once.
    form_key TEXT,
    at BIGINT NOT NULL
);
CREATE INDEX stock_move_form ON stock_move (form_key) WHERE form_key IS NOT NULL;
CREATE INDEX stock_move_variant ON stock_move (variant_id, location_id, at);

-- Who asked to be written to when a product is back in stock: forgotten once notified, after 180 days, and with the product.
CREATE TABLE waitlist (
    product_id TEXT NOT NULL REFERENCES product (id) ON DELETE CASCADE,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    email TEXT NOT NULL,
    -- The truncated address it came from: when the list is full, whoever came from a crowded network makes room first.
    network TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (product_id, email)
);
CREATE INDEX waitlist_network ON waitlist (product_id, network);
CREATE INDEX waitlist_age ON waitlist (created_at);
