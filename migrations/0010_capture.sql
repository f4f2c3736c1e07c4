-- Capture contracts: what a session must deliver, and what of it may leave the device.

CREATE TABLE contract (
    id TEXT PRIMARY KEY,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    -- Its newest version.
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Since when nobody films under it any more; what was filmed goes on naming it.
    ended_at BIGINT
);
CREATE INDEX contract_shop ON contract (shop_id, created_at);

CREATE TABLE contract_version (
    contract_id TEXT NOT NULL REFERENCES contract (id),
    version BIGINT NOT NULL,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    -- JSON, as public/schema/contract-1.json has it.
    contract TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (contract_id, version)
);

-- Whoever has the secret of a link sees the newest version of its contract.
CREATE TABLE contract_link (
    id TEXT PRIMARY KEY,
    contract_id TEXT NOT NULL REFERENCES contract (id),
    shop_id TEXT NOT NULL REFERENCES shop (id),
    token_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX contract_link_contract ON contract_link (contract_id, created_at);
