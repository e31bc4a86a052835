import { duration, integer, optional, path } from './readers.ts'
import type { Setting } from './setting.ts'

/** Of the backups that the running server makes by itself. */
export const backupSettings = [
  {
    // undefined: the server makes none.
    name: 'BACKUP_EVERY',
    field: 'backupEverySeconds',
    fallback: '',
    reader: optional(duration('1m', '90d')),
    help: 'How often the running server makes a backup. Empty: never.',
  },
  {
    name: 'BACKUP_KEEP',
    field: 'backupKeep',
    fallback: '7',
    reader: integer(1, 1_000),
    help: 'How many of these backups are kept; older ones are deleted.',
  },
  {
    // undefined: below dataDir.
    name: 'BACKUP_DIR',
    field: 'backupDir',
    fallback: '',
    reader: optional(path),
    help: 'Directory of these backups. Empty: DATA_DIR/backups.',
  },
] as const satisfies readonly Setting[]
