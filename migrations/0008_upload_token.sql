-- What programs without a browser upload with, each for one shop; revoked by deleting it. The token itself is kept as SHA-256 in
-- hexadecimal only.
CREATE TABLE upload_token (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    token_hash TEXT NOT NULL UNIQUE,
    -- What its owner calls it.
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX upload_token_shop ON upload_token (shop_id);
