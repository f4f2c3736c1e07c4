-- The outbox: every change of state commits its row in the same transaction. `seq` counts per shop in commit order
-- (the shop's row is locked while it is taken), so a reader's cursor never skips a late commit.

CREATE TABLE event (
    shop_id TEXT NOT NULL REFERENCES shop (id),
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (shop_id, seq)
);
