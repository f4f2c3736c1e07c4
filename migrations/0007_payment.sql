-- Accounts at payment processors, tries to pay, what processors report, and money that goes back.

CREATE TABLE payment_account (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    provider TEXT NOT NULL,
    -- 1: real money moves.
    live BIGINT NOT NULL,
    -- What the processor calls the account; NULL where the key may not ask.
    provider_account TEXT,
    -- Encrypted with the instance's key; empty once removed.
    secret TEXT NOT NULL,
    -- The last letters of the secret key, by which a person knows it again.
    hint TEXT NOT NULL,
    publishable TEXT,
    -- 'active': takes new payments; 'retired': only its own earlier ones; 'removed': its keys are gone.
    state TEXT NOT NULL,
    checked_at BIGINT,
    -- What the processor last refused because of the keys, as a sentence.
    problem TEXT,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX payment_account_shop ON payment_account (shop_id);
CREATE UNIQUE INDEX payment_account_active ON payment_account (shop_id) WHERE state = 'active';

-- What webhooks of an account are signed with. Several, so that a new one is there before the old one goes.
CREATE TABLE payment_signing_secret (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES payment_account (id),
    -- Encrypted with the instance's key.
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX payment_signing_secret_account ON payment_signing_secret (account_id);

CREATE TABLE payment_attempt (
    id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id),
    shop_id TEXT NOT NULL REFERENCES shop (id),
    provider TEXT NOT NULL,
    -- NULL: the test gateway, which has no accounts.
    account_id TEXT REFERENCES payment_account (id),
    live BIGINT NOT NULL,
    -- Sent to the processor with the request that creates the payment, so that asking twice charges once.
    idempotency_key TEXT NOT NULL UNIQUE,
    -- That request, exactly as it is sent, written before it is sent.
    request TEXT NOT NULL,
    -- The processor's own name for it, written before anybody can pay. From then on it is asked about by this name.
    provider_id TEXT,
    -- What the processor calls the movement of money itself, where that is another thing.
    payment_id TEXT,
    -- The processor's page for the buyer.
    url TEXT,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    captured_at BIGINT,
    -- When it is next asked about while its end is not known. Whoever moves it on does the asking.
    next_check_at BIGINT NOT NULL,
    checked_at BIGINT,
    checks BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX payment_attempt_order ON payment_attempt (order_id);
CREATE INDEX payment_attempt_open ON payment_attempt (next_check_at) WHERE state IN ('asked', 'unknown', 'redirected');
CREATE INDEX payment_attempt_provider ON payment_attempt (provider_id);
CREATE INDEX payment_attempt_payment ON payment_attempt (payment_id);

-- Signed reports of processors, each once.
CREATE TABLE payment_webhook (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    provider TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES payment_account (id),
    live BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- What it is about: our name for the payment, and the processor's.
    about_ours TEXT NOT NULL,
    about_theirs TEXT NOT NULL,
    -- As it was signed.
    payload TEXT NOT NULL,
    -- 'new', 'applied', 'ignored', or 'waiting' for a payment that is not known yet.
    state TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    applied_at BIGINT,
    UNIQUE (provider, account_id, live, event_id)
);
CREATE INDEX payment_webhook_shop ON payment_webhook (shop_id, received_at);
CREATE INDEX payment_webhook_waiting ON payment_webhook (account_id) WHERE state = 'waiting';
CREATE INDEX payment_webhook_age ON payment_webhook (received_at);

CREATE TABLE payment_refund (
    id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id),
    shop_id TEXT NOT NULL REFERENCES shop (id),
    attempt_id TEXT NOT NULL REFERENCES payment_attempt (id),
    -- The form that asked for it, so that pressing twice refunds once; NULL: the machine, or the processor.
    form_key TEXT UNIQUE,
    idempotency_key TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    provider_id TEXT,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Why it was made, and why it failed.
    cause TEXT NOT NULL,
    problem TEXT,
    person_id TEXT,
    next_check_at BIGINT NOT NULL,
    checks BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX payment_refund_order ON payment_refund (order_id);
CREATE INDEX payment_refund_attempt ON payment_refund (attempt_id);
CREATE INDEX payment_refund_open ON payment_refund (next_check_at) WHERE state IN ('asked', 'pending');
CREATE UNIQUE INDEX payment_refund_provider ON payment_refund (attempt_id, provider_id) WHERE provider_id IS NOT NULL;

CREATE TABLE payment_dispute (
    id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id),
    shop_id TEXT NOT NULL REFERENCES shop (id),
    attempt_id TEXT NOT NULL REFERENCES payment_attempt (id),
    provider_id TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- 1 while the processor has taken the money back.
    withdrawn BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    UNIQUE (attempt_id, provider_id)
);
CREATE INDEX payment_dispute_order ON payment_dispute (order_id);

-- What the pretend processor of the test gateway knows. No other code reads it: a real processor keeps this elsewhere.
CREATE TABLE test_gateway_intent (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    idempotency_key TEXT NOT NULL UNIQUE,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    -- While processing: what it will be, and when.
    result TEXT,
    settles_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE test_gateway_refund (
    id TEXT PRIMARY KEY,
    intent_id TEXT NOT NULL REFERENCES test_gateway_intent (id),
    idempotency_key TEXT NOT NULL UNIQUE,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
