-- Up Migration
-- Tags are compared by Unicode's full case folding: `Straße` and `STRASSE` are one tag. A key that was made before
-- (NFKC, then lower case) becomes the new one when the letters are replaced that lower case keeps apart: ß and ς, the
-- Greek iota below a letter (U+0345, therefore decomposed first) and nine forms of Cyrillic letters (U+1C80 to U+1C88).
create table tag_folding as
select owner_id, note_id, tag_key, new_key,
  row_number() over (partition by note_id, new_key order by position, tag_key) as place
from (
  select owner_id, note_id, tag_key, position, left(normalize(replace(translate(normalize(tag_key, NFD),
      U&'\03C2\0345\1C80\1C81\1C82\1C83\1C84\1C85\1C86\1C87\1C88',
      U&'\03C3\03B9\0432\0434\043E\0441\0442\0442\044A\0463\A64B'), U&'\00DF', 'ss'), NFKC), 200) as new_key
  from note_tags where note_id in (select note_id from note_tags where octet_length(tag_key) <> char_length(tag_key))
) as folded;

-- Of two tags of a note that are one now, the first stays. Such a note gets a new version, which the history and the
-- change log have, as with every change of a note.
create table tag_folding_notes as
select id, owner_id from notes where id in (select note_id from tag_folding where place > 1) order by id for update;

insert into note_revisions (note_id, version, text_version, title, tags, is_public, is_pinned, is_archived,
  created_at, changed_by_kind, changed_by_id)
select id, version, text_version, title, tags, is_public, is_pinned, is_archived,
  updated_at, changed_by_kind, changed_by_id
from notes where id in (select id from tag_folding_notes);

delete from note_tags t using tag_folding f
where f.place > 1 and t.owner_id = f.owner_id and t.tag_key = f.tag_key and t.note_id = f.note_id;
update note_tags t set tag_key = f.new_key from tag_folding f
where f.place = 1 and f.new_key <> f.tag_key
  and t.owner_id = f.owner_id and t.tag_key = f.tag_key and t.note_id = f.note_id;

update notes set version = version + 1, updated_at = clock_timestamp(), changed_by_kind = null, changed_by_id = null,
  tags = array(select tag from note_tags t where t.note_id = notes.id order by position, tag_key)
where id in (select id from tag_folding_notes);

with changed as (
  select owner_id, id as note_id, version, row_number() over (partition by owner_id order by id) as place,
    count(*) over (partition by owner_id) as total
  from notes where id in (select id from tag_folding_notes)
), counter as (
  insert into change_counters as c (owner_id, seq) select distinct owner_id, total from changed
  on conflict (owner_id) do update set seq = c.seq + excluded.seq
  returning owner_id, seq
)
insert into note_changes (owner_id, note_id, seq, kind, version, at)
select owner_id, note_id, seq - total + place, 'upsert', version, clock_timestamp()
from changed join counter using (owner_id)
on conflict (owner_id, note_id) do update
  set seq = excluded.seq, kind = excluded.kind, version = excluded.version, at = excluded.at;

drop table tag_folding, tag_folding_notes;

-- Down Migration
-- The keys stay: an older server finds these tags again when it next writes them.
