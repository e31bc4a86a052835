-- Up Migration
create table notes (
  id uuid primary key,
  owner_id uuid not null references users (id) on delete cascade,
  title text not null,
  content text not null,
  is_public boolean not null default false,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
-- Serves the list, newest first, and the cursor that continues it.
create index notes_owner_newest on notes (owner_id, created_at desc, id desc);

-- Down Migration
drop table notes;
