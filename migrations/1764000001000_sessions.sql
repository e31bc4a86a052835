-- Up Migration
-- A session is a family of refresh tokens: each use replaces the token, the session stays.
create table sessions (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  scope text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz
);
create index sessions_user_id on sessions (user_id);

create table refresh_tokens (
  -- SHA-256 of the token; the token itself is never stored.
  token_hash bytea primary key,
  session_id uuid not null references sessions (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  -- Whether the one retry after a lost answer was taken.
  retried boolean not null default false,
  -- The token that took its place.
  replaced_by bytea
);
create index refresh_tokens_session_id on refresh_tokens (session_id);

-- Down Migration
drop table refresh_tokens;
drop table sessions;
