-- All times are Unix milliseconds.

CREATE TABLE cnerium_meta (
	id        INTEGER PRIMARY KEY CHECK (id = 1),
	epoch     TEXT    NOT NULL, -- first part of each cursor; no two databases share one
	token     INTEGER NOT NULL, -- the last fencing token that was granted
	published INTEGER NOT NULL, -- offset of the last published event, 0 before the first
	removed   INTEGER NOT NULL, -- offset of the last event that is no longer kept, 0 before the first
	probe     BLOB              -- written and cleared by the check that the disk has room
) STRICT;

INSERT INTO cnerium_meta (id, epoch, token, published, removed)
VALUES (1, lower(hex(randomblob(8))), 0, 0, 0);

CREATE TABLE cnerium_records (
	id          INTEGER PRIMARY KEY,
	scope       TEXT    NOT NULL,
	operation   TEXT    NOT NULL,
	key         TEXT    NOT NULL,
	fingerprint BLOB    NOT NULL,
	state       TEXT    NOT NULL CHECK (state IN ('reserved', 'committed')),
	token       INTEGER NOT NULL,
	attempt     INTEGER NOT NULL,
	since       INTEGER NOT NULL,           -- reserved or committed
	lease_until INTEGER NOT NULL DEFAULT 0, -- a reserved record is unknown from then on
	expires_at  INTEGER NOT NULL DEFAULT 0, -- a committed record is absent from then on
	status      INTEGER NOT NULL DEFAULT 0,
	header      BLOB,
	body        BLOB,
	event       INTEGER NOT NULL DEFAULT 0, -- offset of the commit's last event, 0 for none
	UNIQUE (scope, operation, key)
) STRICT;

CREATE INDEX cnerium_records_by_lease ON cnerium_records (lease_until) WHERE state = 'reserved';

CREATE INDEX cnerium_records_by_expiry ON cnerium_records (expires_at) WHERE state = 'committed';

-- AUTOINCREMENT: the offset of an event that is gone is never given again.
CREATE TABLE cnerium_events (
	offset       INTEGER PRIMARY KEY AUTOINCREMENT,
	committed_at INTEGER NOT NULL,
	emitted_at   INTEGER NOT NULL,
	operation    TEXT    NOT NULL,
	room         TEXT    NOT NULL,
	type         TEXT    NOT NULL,
	data         BLOB
) STRICT;
