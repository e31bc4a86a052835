-- Up Migration
alter table notes
  -- The version with which the content came that the note has now.
  add column text_version integer,
  -- Who made this version; null for versions from before it was recorded.
  add column changed_by_kind text,
  add column changed_by_id uuid;
update notes set text_version = version;
alter table notes alter column text_version set not null, alter column text_version set default 1;

-- One row for each version that was superseded; its text is apart, because most changes of flags and tags keep it.
create table note_revisions (
  note_id uuid not null references notes (id) on delete cascade,
  version integer not null,
  text_version integer not null,
  title text not null,
  tags text[] not null,
  is_public boolean not null,
  is_pinned boolean not null,
  is_archived boolean not null,
  -- When this version was written, and by whom.
  created_at timestamptz not null,
  changed_by_kind text,
  changed_by_id uuid,
  -- 0: every version is kept; 1: the first of each hour; 2: the first of each day.
  thinned smallint not null default 0,
  primary key (note_id, version)
);
create index note_revisions_thinned_created_at on note_revisions (thinned, created_at);

-- Superseded contents, compressed: alone, or with the content of base_version as the dictionary.
create table note_texts (
  note_id uuid not null references notes (id) on delete cascade,
  text_version integer not null,
  base_version integer,
  data bytea not null,
  primary key (note_id, text_version)
);
alter table note_texts alter column data set storage external;

-- Down Migration
drop table note_texts;
drop table note_revisions;
alter table notes drop column text_version, drop column changed_by_kind, drop column changed_by_id;
