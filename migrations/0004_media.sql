-- Uploads in progress, and the pictures and clips that became of them.

CREATE TABLE media (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    kind TEXT NOT NULL,
    -- BLAKE3 of the original and the end of its file name. Its key in the store is {shop_id}/{hash}/original.{extension} for a
    -- photo (never sent to anybody) and {shop_id}/{hash}/clip.mp4 for a clip (its own rendition).
    hash TEXT NOT NULL,
    extension TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    alt TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    placeholder TEXT NOT NULL,
    -- Clips: the photo whose renditions are its poster.
    poster_id TEXT REFERENCES media (id),
    -- The recording on the creator's device it was cut from, and where, in ms.
    session_id TEXT,
    start_ms BIGINT,
    end_ms BIGINT,
    -- The capture contract it was made under: a template, or one of the shop.
    contract_id TEXT,
    contract_version BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX media_shop ON media (shop_id, created_at);
CREATE INDEX media_poster ON media (poster_id);
CREATE INDEX media_hash ON media (shop_id, hash);

-- What a browser can be offered. `hash` is BLAKE3 of the rendition itself: /media/{hash}/{file} never changes.
CREATE TABLE media_variant (
    media_id TEXT NOT NULL REFERENCES media (id),
    position BIGINT NOT NULL,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    hash TEXT NOT NULL,
    file TEXT NOT NULL,
    mime TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (media_id, position)
);
CREATE INDEX media_variant_address ON media_variant (hash, file);

CREATE TABLE upload (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    length BIGINT NOT NULL,
    -- Bytes that are durable in the store.
    received BIGINT NOT NULL DEFAULT 0 CHECK (received >= 0 AND received <= length),
    -- Fencing number: raised by every append, and only the newest append may acknowledge bytes.
    fence BIGINT NOT NULL DEFAULT 0,
    alt TEXT NOT NULL,
    session_id TEXT,
    start_ms BIGINT,
    end_ms BIGINT,
    contract_id TEXT,
    contract_version BIGINT,
    media_id TEXT REFERENCES media (id),
    error TEXT,
    -- What the sender said of it (tus' Upload-Metadata), given back as it came.
    metadata TEXT NOT NULL,
    -- 1 while only a request of its client's completes it (IETF), and not its last byte.
    is_explicit BIGINT NOT NULL DEFAULT 0,
    -- 0 while the length is not known; `length` is then the most that it may have, so that room is kept for it.
    is_length_known BIGINT NOT NULL DEFAULT 1,
    -- tus' Upload-Concat as it came: 'partial', 'final;…', or empty.
    concat TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX upload_state ON upload (state, expires_at);
CREATE INDEX upload_media ON upload (media_id);

-- The acknowledged bytes of an upload, in pieces as they came; together they are 0..received.
CREATE TABLE upload_part (
    upload_id TEXT NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
    start BIGINT NOT NULL,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    fence BIGINT NOT NULL,
    length BIGINT NOT NULL,
    PRIMARY KEY (upload_id, start)
);
