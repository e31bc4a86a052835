import type { Lie } from '../lie.ts'

const gate = 'backup'
const load = 'src/backup/load.ts'

/** Backups that are not whole, and restores that take what they may not, or touch what they should leave alone. */
export const lies: readonly Lie[] = [
  {
    title: 'the check sum of a backup is not compared',
    gate,
    file: 'src/backup/seal.ts',
    from: 'if (!frame(hash.digest()).equals(tail))',
    to: 'if (frame(hash.digest()).length !== tail.length)',
  },
  {
    title: 'each table of a backup is of another moment',
    gate,
    file: 'src/backup/snapshot.ts',
    from: 'begin transaction isolation level repeatable read read only',
    to: 'begin transaction isolation level read committed read only',
  },
  {
    title: 'a restore goes into a database that has rows',
    gate,
    file: load,
    from: 'if (!options.replaces) await requireEmpty(client, before)',
    to: 'if (options.replaces) await requireEmpty(client, [])',
  },
  {
    title: 'a restore goes on under a running server',
    gate,
    file: load,
    from: 'if (rows.length > 0 ||',
    to: 'if (rows.length > 100 ||',
  },
  {
    title: 'cursors from before a restore are taken',
    gate,
    file: load,
    from: `set epoch = gen_random_uuid(), origin = ''`,
    to: 'set epoch = epoch',
  },
  {
    title: 'a failed backup leaves a half-written file',
    gate,
    file: 'src/backup/whole-file.ts',
    from: 'await rm(temporary, { force: true })',
    to: 'await rm(`${temporary}.none`, { force: true })',
  },
  {
    title: 'everyone may read a backup',
    gate,
    file: 'src/backup/whole-file.ts',
    from: 'mode: 0o600',
    to: 'mode: 0o644',
  },
  {
    title: 'the server keeps a backup too many',
    gate,
    file: 'src/backup/automatic.ts',
    from: '.slice(0, -keep)',
    to: '.slice(0, -keep - 1)',
  },
]
