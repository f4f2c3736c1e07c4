-- Shops, who owns them, and how they sign in. One dialect for SQLite and PostgreSQL: TEXT ids, BIGINT for unix ms, counts
-- and flags; states are words whose list stands in the crate `domain`. Tokens are kept as SHA-256 in hexadecimal only.

CREATE TABLE shop (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    handle TEXT NOT NULL UNIQUE,
    currency TEXT NOT NULL,
    -- Counters of the shop; each is raised in the transaction that uses the number, so none is skipped or used twice.
    last_order BIGINT NOT NULL DEFAULT 0,
    last_receipt BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

-- Every handle that a shop has or had; `shop.handle` is the present one. A handle stays with its shop for good, so that old
-- links lead on and never to somebody else.
CREATE TABLE shop_handle (
    handle TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX shop_handle_shop ON shop_handle (shop_id);

CREATE TABLE person (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    -- The WebAuthn user handle: a UUID that says nothing about the person.
    handle_uuid TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
CREATE INDEX person_shop ON person (shop_id);

CREATE TABLE credential (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    person_id TEXT NOT NULL REFERENCES person (id),
    kind TEXT NOT NULL,
    -- Passkeys: the credential id in base64url, so that none belongs to two people.
    external_id TEXT UNIQUE,
    -- Passwords: a PHC string (argon2id). Passkeys: the public key and counters as JSON.
    secret TEXT NOT NULL,
    -- Passkeys: what their owner calls them.
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX credential_person ON credential (person_id);

CREATE TABLE owner_link (
    token_hash TEXT PRIMARY KEY,
    -- The shop it recovers; NULL: it makes a new one.
    shop_id TEXT REFERENCES shop (id),
    -- 1: made before there was any shop; only the first shop opens by it.
    first BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX owner_link_expiry ON owner_link (expires_at);

-- Browsers in which somebody has signed in. Their cookie lets them past the limits on tries that strangers use up.
CREATE TABLE device (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    person_id TEXT NOT NULL REFERENCES person (id),
    -- One browser may know several people.
    token_hash TEXT NOT NULL,
    -- Browser and system as people call them.
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (token_hash, person_id)
);
CREATE INDEX device_person ON device (person_id);
CREATE INDEX device_expiry ON device (expires_at);

-- Who is signed in; a device has one session at most.
CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    person_id TEXT NOT NULL REFERENCES person (id),
    device_id TEXT NOT NULL UNIQUE REFERENCES device (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    -- Moves on with use, but never beyond `ends_at`.
    expires_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    -- The key that signs what is uploaded (RFC 7638, SHA-256). The first one that is shown stays the session's, so that its cookie
    -- alone is no way to another.
    key_thumbprint TEXT,
    -- When the device last asked for leave to upload.
    granted_at BIGINT
);
CREATE INDEX session_person ON session (person_id);
CREATE INDEX session_expiry ON session (expires_at);

-- What a device uploads with for some minutes, beside a proof by its key (DPoP, RFC 9449). It ends with its session.
CREATE TABLE access_token (
    token_hash TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    session_hash TEXT NOT NULL REFERENCES session (token_hash) ON DELETE CASCADE,
    key_thumbprint TEXT NOT NULL,
    -- Scheme, host and port of the shop it was granted at.
    origin TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX access_token_session ON access_token (session_hash);
CREATE INDEX access_token_expiry ON access_token (expires_at);

-- Names of proofs that were used, as long as a proof may count: each does so once.
CREATE TABLE proof (
    key_thumbprint TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (key_thumbprint, jti)
);
CREATE INDEX proof_expiry ON proof (expires_at);

-- Passkey ceremonies between the browser's two requests, under their challenge. Any process may answer the second one; the
-- row is deleted by whoever does, so a challenge is good once.
CREATE TABLE ceremony (
    challenge TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    -- The truncated address it was begun from, so that one network cannot push the ceremonies of others out.
    network TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX ceremony_expiry ON ceremony (expires_at);
CREATE INDEX ceremony_network ON ceremony (network, expires_at);

-- Rate limits that all processes share, by GCRA: the theoretical arrival time of the next request (ITU-T I.371, annex A).
CREATE TABLE rate_limit (
    key TEXT PRIMARY KEY,
    arrival_at BIGINT NOT NULL
);
CREATE INDEX rate_limit_arrival ON rate_limit (arrival_at);

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
