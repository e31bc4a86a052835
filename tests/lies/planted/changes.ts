import type { Lie } from '../lie.ts'

const gate = 'changes'

/** Changes that are not recorded, or that a reader of the log misses. */
export const lies: readonly Lie[] = [
  {
    title: 'a note that comes out of the trash is not recorded',
    gate,
    file: 'src/notes/trash/trash.ts',
    from: `  await indexTags(tx, row)
  recordChanges(tx, ownerId, [{ noteId: row.id, kind: 'upsert', version: row.version }])`,
    to: '  await indexTags(tx, row)',
  },
  {
    title: 'what the purge erases is not recorded',
    gate,
    file: 'src/notes/trash/trash.ts',
    from: 'if (erased !== undefined) recordErased(tx, erased.owner_id, rows)',
    to: 'if (erased !== undefined && batch < 0) recordErased(tx, erased.owner_id, rows)',
  },
  {
    title: 'renaming a tag records one note of a batch',
    gate,
    file: 'src/notes/tags/rename-tags.ts',
    from: 'changed.map(({ id, version })',
    to: 'changed.slice(0, 1).map(({ id, version })',
  },
  {
    title: 'a transaction leaves a place out',
    gate,
    file: 'src/changes/core/record-changes.ts',
    from: 'set seq = c.seq + excluded.seq',
    to: 'set seq = c.seq + excluded.seq + 1',
  },
  {
    title: 'places are given without a lock that lasts until COMMIT',
    gate,
    file: 'src/changes/core/record-changes.ts',
    from: `      insert into change_counters as c (owner_id, seq) select owner_id, count(*) from changed group by owner_id
      on conflict (owner_id) do update set seq = c.seq + excluded.seq
      returning owner_id, seq - (select count(*) from changed) as before`,
    to: `      select owner_id, coalesce(max(n.seq), 0) as before
      from changed left join note_changes n using (owner_id) group by owner_id`,
  },
  {
    title: 'a page says that it is the last one',
    gate,
    file: 'src/changes/core/read-changes.ts',
    from: 'order by seq limit ${page.limit + 1}',
    to: 'order by seq limit ${page.limit}',
  },
  {
    title: 'a log does not say that it has lost a tombstone',
    gate,
    file: 'src/changes/core/purge-changes.ts',
    from: 'greatest(forgotten_seq, ${log.seq})',
    to: 'greatest(forgotten_seq, ${log.seq} * 0)',
  },
  {
    title: 'tombstones are kept for 60 days',
    gate,
    file: 'src/changes/core/purge-changes.ts',
    from: 'KEPT_DAYS = 90',
    to: 'KEPT_DAYS = 60',
  },
  {
    title: 'a copy of the database goes on in the epoch of the original',
    gate,
    file: 'src/changes/core/epoch.ts',
    from: '(select oid from pg_database where datname = current_database())',
    to: '(select 0)',
  },
]
