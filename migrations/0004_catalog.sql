-- Products, and the pictures and clips on their pages.

CREATE TABLE product (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    slug TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('draft', 'published')),
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    text TEXT NOT NULL,
    price_minor BIGINT CHECK (price_minor >= 0),
    currency TEXT NOT NULL,
    -- Pieces the shop counted, and how many of them are promised to open orders.
    counted BIGINT NOT NULL DEFAULT 0,
    held BIGINT NOT NULL DEFAULT 0,
    -- The recording it was drafted from and what was chosen from it (JSON).
    session_id TEXT,
    highlights TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    published_at BIGINT,
    CHECK (held >= 0 AND held <= counted)
);
CREATE INDEX product_shop ON product (shop_id, state, published_at);

CREATE TABLE product_media (
    product_id TEXT NOT NULL REFERENCES product (id),
    media_id TEXT NOT NULL REFERENCES media (id),
    shop_id TEXT NOT NULL REFERENCES shop (id),
    position BIGINT NOT NULL,
    PRIMARY KEY (product_id, media_id)
);
CREATE INDEX product_media_media ON product_media (media_id);
