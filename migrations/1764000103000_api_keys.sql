-- Up Migration
create table api_keys (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  name text not null,
  -- SHA-256 of the key, which itself is never stored.
  key_hash bytea not null constraint api_keys_key_hash_unique unique,
  -- How it begins.
  hint text not null,
  scope text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  -- To within minutes: it is not worth a write for every request.
  last_used_at timestamptz
);
create index api_keys_user_id on api_keys (user_id, created_at desc, id desc);

-- Down Migration
drop table api_keys;
