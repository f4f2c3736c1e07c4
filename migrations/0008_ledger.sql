-- Double entry, append-only: rows are added and never changed. The entries of a transaction sum to zero in each currency.

CREATE TABLE ledger_transaction (
    -- In the order they were posted.
    id AUTOMATIC_ID,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    -- At which account of a processor it happened; empty: the test gateway.
    processor_account TEXT NOT NULL,
    -- 1: real money moved. Tests have books of their own.
    live BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- What it was posted for: a payment, a refund or a dispute, each once of a kind.
    subject TEXT NOT NULL,
    order_id TEXT NOT NULL REFERENCES orders (id),
    at BIGINT NOT NULL,
    UNIQUE (kind, subject)
);
CREATE INDEX ledger_transaction_shop ON ledger_transaction (shop_id, live, at);
CREATE INDEX ledger_transaction_order ON ledger_transaction (order_id);

CREATE TABLE ledger_entry (
    transaction_id BIGINT NOT NULL REFERENCES ledger_transaction (id),
    position BIGINT NOT NULL,
    account TEXT NOT NULL,
    -- Where it is taxed; empty where that is not known.
    jurisdiction TEXT NOT NULL,
    -- Above zero a debit, below zero a credit.
    amount_minor BIGINT NOT NULL CHECK (amount_minor <> 0),
    currency TEXT NOT NULL,
    PRIMARY KEY (transaction_id, position)
);
