-- What the upload protocols need to know of an upload besides its bytes.

-- 1 while only a request of its client's completes it (IETF), and not its last byte.
ALTER TABLE upload ADD COLUMN is_explicit BIGINT NOT NULL DEFAULT 0;
-- 0 while the length is not known; `length` is then the most that it may have, so that room is kept for it.
ALTER TABLE upload ADD COLUMN is_length_known BIGINT NOT NULL DEFAULT 1;
-- tus' Upload-Concat as it came: 'partial', 'final;…', or empty.
ALTER TABLE upload ADD COLUMN concat TEXT NOT NULL DEFAULT '';
