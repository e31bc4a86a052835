import { oneOf, optional, password, postgresUrl } from './readers.ts'
import type { Setting } from './setting.ts'

/** How to reach a database of the operator's own. */
export const databaseSettings = [
  {
    // undefined: the embedded database.
    name: 'DATABASE_URL',
    field: 'databaseUrl',
    fallback: '',
    reader: optional(postgresUrl),
    help: 'PostgreSQL 15 to 18, if you run your own. Empty: an embedded PostgreSQL in DATA_DIR.',
    reaches: 'the database, which holds everything',
  },
  {
    name: 'DATABASE_PASSWORD',
    field: 'databasePassword',
    fallback: '',
    reader: optional(password),
    isVerbatim: true,
    help: 'The password for DATABASE_URL as it is, without percent-encoding. Empty: that of the URL.',
  },
  {
    name: 'DATABASE_POOLER',
    field: 'databasePooler',
    fallback: 'none',
    reader: oneOf('none', 'transaction'),
    help: 'transaction if DATABASE_URL leads to PgBouncer, or a pooler like it, in transaction mode.',
  },
  {
    // undefined: DATABASE_URL.
    name: 'MIGRATION_DATABASE_URL',
    field: 'migrationDatabaseUrl',
    fallback: '',
    reader: optional(postgresUrl),
    help: 'PostgreSQL without the pooler, for migrations; its role may be another one. Empty: DATABASE_URL.',
    reaches: 'the database, to migrate it at start',
  },
] as const satisfies readonly Setting[]
