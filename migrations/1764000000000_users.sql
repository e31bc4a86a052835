-- Up Migration
create table users (
  id uuid primary key,
  -- As typed; email_key is the form in which addresses are compared.
  email text not null,
  email_key text not null constraint users_email_key_unique unique,
  password_hash text not null,
  is_active boolean not null default true,
  created_at timestamptz not null default now()
);

-- Down Migration
drop table users;
