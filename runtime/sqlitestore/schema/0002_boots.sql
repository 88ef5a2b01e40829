-- One row for each store that is open. Its process holds an operating-system
-- lock on the file of that name, beside the database, for as long as it lives.
CREATE TABLE cnerium_boots (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE
) STRICT;

-- Whose process has reserved the record; 0 when that cannot be told.
ALTER TABLE cnerium_records ADD COLUMN boot INTEGER NOT NULL DEFAULT 0;
