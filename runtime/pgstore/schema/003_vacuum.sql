-- +goose Up
INSERT INTO "cnerium".schema_version (version) VALUES (3);

-- Each record is written twice and removed once, each event removed once. A
-- fifth of a large table, which is the default, is a lot to leave lying.
ALTER TABLE "cnerium".records SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

ALTER TABLE "cnerium".events SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- One row each, changed again and again: room on its page keeps it there.
ALTER TABLE "cnerium".event_counter SET (fillfactor = 10, autovacuum_vacuum_threshold = 100);

ALTER TABLE "cnerium".meta SET (fillfactor = 10);
