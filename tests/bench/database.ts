import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase } from '../../src/db/database.ts'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'

/** One PostgreSQL for a bench, as durable as in production, with a migrated database. */
export async function openBenchDatabase(settings: Readonly<Record<string, string>> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'notes-api-bench-'))
  const embedded = await startEmbedded({ dataDir, settings })
  await migrate(embedded.connection)
  const db = createDatabase({ connection: embedded.connection, poolSize: 2, onIdleError: () => undefined })
  const close = async (): Promise<void> => {
    await db.destroy()
    await embedded.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { connection: embedded.connection, dataDir, db, close }
}
