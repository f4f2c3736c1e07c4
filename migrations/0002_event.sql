-- Every change of state commits its event in the same transaction. The feed is one order over all shops: `position` counts
-- from 1 without gaps. On SQLite it is taken in the event's transaction; on PostgreSQL whoever holds the row of `feed_head`
-- gives it to committed events that have none, in the order of their `id`.

CREATE TABLE event (
    id AUTOMATIC_ID,
    position BIGINT UNIQUE,
    shop_id TEXT NOT NULL REFERENCES shop (id),
    -- The JSON of `domain::event::Versioned`.
    body TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX event_unplaced ON event (id) WHERE position IS NULL;
CREATE INDEX event_shop ON event (shop_id, position);

CREATE TABLE feed_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    position BIGINT NOT NULL
);
INSERT INTO feed_head (id, position) VALUES (1, 0);
