-- Up Migration
-- How request_hash was made: 1 of the JSON text as it came, 2 of the canonical form, in which the order of keys does not matter.
-- Rows of an older server, which does not name this column, are of the first kind; all of them expire within a day.
alter table idempotency_keys add column fingerprint smallint not null default 1;

-- Down Migration
alter table idempotency_keys drop column fingerprint;
