-- Up Migration
-- null: not in the trash.
alter table notes add column deleted_at timestamptz;
drop index notes_owner_newest;
-- One for each order of the list, and for the filters that leave few notes.
create index notes_owner_created on notes (owner_id, created_at, id) where deleted_at is null;
create index notes_owner_updated on notes (owner_id, updated_at, id) where deleted_at is null;
create index notes_owner_title on notes (owner_id, (left(lower(title), 100) collate "C"), id) where deleted_at is null;
create index notes_owner_pinned on notes (owner_id, created_at, id) where deleted_at is null and is_pinned;
create index notes_owner_archived on notes (owner_id, created_at, id) where deleted_at is null and is_archived;
create index notes_owner_public on notes (owner_id, created_at, id) where deleted_at is null and is_public;
-- The list of the trash, and its automatic purge.
create index notes_owner_deleted on notes (owner_id, deleted_at, id) where deleted_at is not null;
create index notes_deleted on notes (deleted_at) where deleted_at is not null;

-- Down Migration
delete from notes where deleted_at is not null;
drop index notes_owner_created, notes_owner_updated, notes_owner_title, notes_owner_pinned, notes_owner_archived,
  notes_owner_public, notes_owner_deleted, notes_deleted;
create index notes_owner_newest on notes (owner_id, created_at desc, id desc);
alter table notes drop column deleted_at;
