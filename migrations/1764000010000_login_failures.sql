-- Up Migration
-- Failed logins, counted for an account at an address, for an account as a whole and for an address as a whole. Keys are
-- keyed hashes, so that the table names neither accounts nor addresses. Every row expires; an expired one counts as none.
create table login_failures (
  key bytea primary key,
  -- Leaks over time where the policy says so, hence fractions.
  failures double precision not null,
  blocked_until timestamptz,
  -- Whether the last failure came while the block of earlier ones was on.
  was_blocked boolean not null default false,
  updated_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index login_failures_expires_at on login_failures (expires_at);

-- Where an account has logged in from: strangers' failures do not count there.
create table known_addresses (
  account bytea not null,
  address bytea not null,
  expires_at timestamptz not null,
  primary key (account, address)
);
create index known_addresses_expires_at on known_addresses (expires_at);

-- Down Migration
drop table known_addresses;
drop table login_failures;
