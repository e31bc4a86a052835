-- Up Migration
-- The number of characters of the content. To count those of a megabyte takes 4 ms, so that is done when it is written.
alter table notes add column size integer not null default 0;
update notes set size = char_length(content);
-- A trigger, so that no writer can forget it, servers of an earlier version in a rolling upgrade included.
create function count_note_characters() returns trigger language plpgsql as $$
begin
  new.size := char_length(new.content);
  return new;
end
$$;
create trigger notes_size before insert or update of content on notes
for each row execute function count_note_characters();

-- Down Migration
drop trigger notes_size on notes;
drop function count_note_characters;
alter table notes drop column size;
