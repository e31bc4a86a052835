-- Up Migration
-- What a request with an Idempotency-Key was answered; written in the transaction of its effect.
create table idempotency_keys (
  user_id uuid not null references users (id) on delete cascade,
  operation text not null,
  key text not null,
  request_hash bytea not null,
  -- The id of what the request made or changed: when that is erased, so is the answer.
  subject uuid not null,
  -- json and not jsonb: the answer comes again with its fields in their order.
  result json not null,
  expires_at timestamptz not null,
  primary key (user_id, operation, key)
);
create index idempotency_keys_expires_at on idempotency_keys (expires_at);
create index idempotency_keys_subject on idempotency_keys (subject);

-- Down Migration
drop table idempotency_keys;
