/**
 * Development only: writes generated/db.d.ts from a database migrated from zero.
 * `node src/generate/database.ts [--check]`
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../db/embedded/embedded.ts'
import { migrate } from '../db/migrate.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'notes-api-generate-'))
try {
  const database = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
  try {
    await migrate(database.connection)
    const { host, port, user, database: name } = database.connection
    const { status } = spawnSync(
      process.execPath,
      [
        'node_modules/kysely-codegen/dist/cli/bin.js',
        '--dialect=postgres',
        `--url=postgres://${user}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`,
        '--out-file=generated/db.d.ts',
        '--exclude-pattern=migrations',
        // Like src/db/type-parsers.ts: times stay text, a bigint is a safe integer.
        '--type-mapping={"timestamptz":"string","int8":"number"}',
        ...(process.argv.includes('--check') ? ['--verify'] : []),
      ],
      { stdio: 'inherit', cwd: new URL('../..', import.meta.url) },
    )
    process.exitCode = status ?? 1
  } finally {
    await database.stop()
  }
} finally {
  rmSync(dataDir, { recursive: true, force: true })
}
