-- Work that may fail and is tried again: enqueued in the transaction that makes it necessary, deleted when it is done.

CREATE TABLE job (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    -- One row per kind and key: enqueuing a key that waits changes nothing, one that runs raises its generation.
    key TEXT NOT NULL,
    shop_id TEXT REFERENCES shop (id),
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    -- Start-time fair queueing between shops: each job of a shop comes a turn after the one before.
    turn BIGINT NOT NULL,
    -- Counted before the work, so that work that kills its process does not do so for ever.
    attempts BIGINT NOT NULL DEFAULT 0,
    -- Raised by every claim: heartbeat and completion name it, and change nothing once another claim was made.
    claim BIGINT NOT NULL DEFAULT 0,
    -- By the database's clock.
    lease_until BIGINT NOT NULL DEFAULT 0,
    generation BIGINT NOT NULL DEFAULT 0,
    claimed_generation BIGINT NOT NULL DEFAULT 0,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    UNIQUE (kind, key)
);
CREATE INDEX job_due ON job (state, due_at);
CREATE INDEX job_turn ON job (kind, state, turn);
CREATE INDEX job_shop ON job (shop_id, state);
