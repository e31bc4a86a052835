-- Up Migration
alter table notes
  -- As typed and in the order given; note_tags is how they are found.
  add column tags text[] not null default '{}',
  add column is_pinned boolean not null default false,
  add column is_archived boolean not null default false;

-- The tags of the notes that are not in the trash. tag_key is the form in which tags are compared.
create table note_tags (
  owner_id uuid not null references users (id) on delete cascade,
  tag_key text collate "C" not null,
  note_id uuid not null references notes (id) on delete cascade,
  tag text not null,
  position smallint not null,
  primary key (owner_id, tag_key, note_id) include (tag)
);
create index note_tags_note_id on note_tags (note_id);

-- Down Migration
drop table note_tags;
alter table notes drop column tags, drop column is_pinned, drop column is_archived;
