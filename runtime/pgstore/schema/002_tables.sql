-- +goose Up
-- All times are Unix milliseconds. Texts that clients choose are bytea: they
-- may have any bytes, and are compared byte by byte.

CREATE TABLE "cnerium".schema_version (
	version    integer     NOT NULL PRIMARY KEY,
	applied_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE "cnerium".meta (
	id       integer NOT NULL PRIMARY KEY CHECK (id = 1),
	epoch    text    NOT NULL, -- first part of each cursor; no two databases share one
	ordering text,             -- how events get their tickets; the first store that opens decides
	probe    bigint  NOT NULL  -- written by the check that the database takes writes
);

INSERT INTO "cnerium".meta (id, epoch, probe)
VALUES (1, substr(replace(gen_random_uuid()::text, '-', ''), 1, 16), 0);

CREATE TABLE "cnerium".records (
	scope        bytea   NOT NULL,
	operation    bytea   NOT NULL,
	key          bytea   NOT NULL,
	fingerprint  bytea   NOT NULL,
	committed    boolean NOT NULL,           -- else reserved
	token        bigint  NOT NULL,           -- random, of the lease that holds it or has committed it
	attempt      bigint  NOT NULL,
	since        bigint  NOT NULL,           -- reserved or committed
	due_at       bigint  NOT NULL,           -- reserved: unknown from then on; committed: absent
	status       bigint  NOT NULL DEFAULT 0,
	header       bytea,
	body         bytea,
	event_ticket bigint  NOT NULL DEFAULT 0, -- the place that the commit's cursor names, 0 for none
	event_n      bigint  NOT NULL DEFAULT 0,
	PRIMARY KEY (scope, operation, key)
);

CREATE INDEX records_by_lease ON "cnerium".records (due_at) WHERE NOT committed;

CREATE INDEX records_by_expiry ON "cnerium".records (due_at) WHERE committed;

-- A commit has a ticket; its events are numbered from 1. The place (ticket, 0)
-- is before the first of them.
CREATE TABLE "cnerium".events (
	ticket       bigint NOT NULL,
	n            bigint NOT NULL,
	committed_at bigint NOT NULL,
	emitted_at   bigint NOT NULL,
	operation    bytea  NOT NULL,
	room         bytea  NOT NULL,
	type         bytea  NOT NULL,
	subject      bytea  NOT NULL,
	data         bytea,
	PRIMARY KEY (ticket, n)
);

-- Tickets begin with 2, so that the sequence is in use from the beginning.
CREATE SEQUENCE "cnerium".event_ticket;

SELECT setval('"cnerium".event_ticket', 1);

-- Where the order of events must do without sequences and advisory locks, who
-- holds this row gives the ticket.
CREATE TABLE "cnerium".event_counter (
	id     integer NOT NULL PRIMARY KEY CHECK (id = 1),
	ticket bigint  NOT NULL -- the last that was given
);

INSERT INTO "cnerium".event_counter (id, ticket) VALUES (1, 1);

-- Who holds this row may remove events.
CREATE TABLE "cnerium".event_removed (
	id     integer NOT NULL PRIMARY KEY CHECK (id = 1),
	ticket bigint  NOT NULL, -- the last event that is no longer kept
	n      bigint  NOT NULL
);

INSERT INTO "cnerium".event_removed (id, ticket, n) VALUES (1, 0, 0);

-- How far each publisher has come. An event that one of them has not had is
-- kept for it.
CREATE TABLE "cnerium".marks (
	publisher bytea  NOT NULL PRIMARY KEY,
	ticket    bigint NOT NULL,
	n         bigint NOT NULL
);

INSERT INTO "cnerium".schema_version (version) VALUES (2);
