-- Up Migration
-- What happened to an account, for its owner to read. Erased with the account; only that some account was deleted stays,
-- without saying which.
create table security_events (
  id uuid primary key,
  user_id uuid references users (id) on delete cascade,
  type text not null,
  -- The session or API key that it happened to; it may be gone by now.
  subject_id uuid,
  address text,
  created_at timestamptz not null default now()
);
-- Serves the list, newest first, and what is kept of each sort (failed logins apart).
create index security_events_newest on security_events (user_id, created_at desc, id desc);
create index security_events_failures on security_events (user_id, created_at desc, id desc) where type = 'login_failed';

-- Down Migration
drop table security_events;
