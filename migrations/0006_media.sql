-- AVIF renditions take seconds of a processor each, so a photo is ready without them and gets them later: 0 until it has.
ALTER TABLE media ADD COLUMN refined BIGINT NOT NULL DEFAULT 1;
CREATE INDEX media_unrefined ON media (created_at) WHERE refined = 0;
