-- Up Migration
-- So that people recognise their sessions.
alter table sessions add column address text, add column user_agent text;

-- Down Migration
alter table sessions drop column address, drop column user_agent;
