-- Up Migration
-- Tags may no longer have control characters from U+0080 to U+009F: they are removed from stored tags. A tag without
-- other characters goes, and so does one that becomes equal to an earlier tag of its note.
create function tags_without_controls(tags text[]) returns text[] language sql immutable as $$
  select coalesce(array_agg(tag order by position), '{}') from (
    select distinct on (lower(tag)) tag, position from (
      select btrim(regexp_replace(regexp_replace(tag, U&'[\0080-\009F]', '', 'g'), ' +', ' ', 'g')) as tag, position
      from unnest(tags) with ordinality as given (tag, position)
    ) cleaned where tag <> '' order by lower(tag), position
  ) kept
$$;
create temporary table cleaned_notes on commit drop as
  select id from notes where array_to_string(tags, ' ') ~ U&'[\0080-\009F]';
update notes set tags = tags_without_controls(tags) where id in (select id from cleaned_notes);
update note_revisions set tags = tags_without_controls(tags) where array_to_string(tags, ' ') ~ U&'[\0080-\009F]';
delete from note_tags where note_id in (select id from cleaned_notes);
insert into note_tags (owner_id, note_id, tag_key, tag, position)
  select owner_id, id, left(lower(normalize(tag, NFKC)), 200), tag, position
  from notes, unnest(tags) with ordinality as given (tag, position)
  where id in (select id from cleaned_notes) and deleted_at is null
  on conflict (owner_id, tag_key, note_id) do nothing;
drop function tags_without_controls(text[]);

-- Down Migration
-- The control characters are gone.
