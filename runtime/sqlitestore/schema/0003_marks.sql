-- How far each publisher has come. An event that one of them has not had is
-- kept for it.
CREATE TABLE cnerium_marks (
	publisher TEXT    NOT NULL PRIMARY KEY,
	offset    INTEGER NOT NULL -- of the last event that it has published, 0 before the first
) STRICT, WITHOUT ROWID;

INSERT INTO cnerium_marks (publisher, offset)
SELECT '', published FROM cnerium_meta WHERE published > 0;

ALTER TABLE cnerium_meta DROP COLUMN published;

ALTER TABLE cnerium_events ADD COLUMN subject TEXT NOT NULL DEFAULT '';
