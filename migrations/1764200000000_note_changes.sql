-- Up Migration
-- The change log: one row for each note, at the place of its latest change. Rows of erased notes stay for a while, so
-- there is no reference to notes.
create table note_changes (
  owner_id uuid not null references users (id) on delete cascade,
  note_id uuid not null,
  -- 1, 2, 3 … for each owner, in the order in which the changes were committed.
  seq bigint not null,
  kind text not null constraint note_changes_kind check (kind in ('upsert', 'trash', 'erase')),
  version integer not null,
  -- When it got this place.
  at timestamptz not null,
  primary key (owner_id, note_id)
);

create table change_counters (
  owner_id uuid primary key references users (id) on delete cascade,
  -- The latest place in the log.
  seq bigint not null,
  -- The latest place of a tombstone that is no longer kept.
  forgotten_seq bigint not null default 0
) with (fillfactor = 50);

-- Positions in the log are of this epoch only. A new one begins when the database is not the one that gave them.
create table change_epoch (
  id boolean primary key default true constraint change_epoch_one_row check (id),
  epoch uuid not null,
  -- Which physical database this is; empty until the first server looks.
  origin text not null
);
insert into change_epoch (epoch, origin) values (gen_random_uuid(), '');

insert into note_changes (owner_id, note_id, seq, kind, version, at)
select owner_id, id, row_number() over (partition by owner_id order by coalesce(deleted_at, updated_at), id),
  case when deleted_at is null then 'upsert' else 'trash' end, version, coalesce(deleted_at, updated_at)
from notes;
insert into change_counters (owner_id, seq) select owner_id, max(seq) from note_changes group by owner_id;

-- Last, because an index is built faster than it is kept.
create unique index note_changes_place on note_changes (owner_id, seq);
-- Serves the deletion of old tombstones.
create index note_changes_erased on note_changes (at) where kind = 'erase';

-- Down Migration
drop table change_epoch;
drop table change_counters;
drop table note_changes;
