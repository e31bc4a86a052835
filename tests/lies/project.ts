import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { type Gate, gates } from './gates.ts'

/** A tree that lies are told in, and what its gates need. */
export interface Project {
  /** Where git keeps it. */
  readonly root: string
  /** Where copies of it are made. */
  readonly scratch: string
  readonly gates: Readonly<Record<string, Gate>>
  /** What runs after a file was changed and before tests do, and the files that it writes. */
  readonly derived: (file: string) => Derived
  /** One for each copy, so that the runs in two copies cannot meet. */
  readonly openDatabase?: () => Promise<LieDatabase>
}

interface Derived {
  readonly files: readonly string[]
  readonly commands: readonly (readonly string[])[]
}

interface LieDatabase {
  readonly env: Readonly<Record<string, string>>
  /** Removes the databases that a run which was cut short left behind. */
  readonly tidy: () => Promise<void>
  readonly close: () => Promise<void>
}

export const thisProject: Project = {
  root: fileURLToPath(new URL('../..', import.meta.url)),
  scratch: tmpdir(),
  gates,
  derived: derivedFrom,
  openDatabase,
}

/** A lie must compile; that it leaves a name unused is no fault of it, because it changes one place only. */
const COMPILE = [
  'node',
  'node_modules/typescript7/bin/tsc',
  '--noEmit',
  '--noUnusedLocals',
  'false',
  '--noUnusedParameters',
  'false',
]
/** Checks only what a lie concerns. */
const INCREMENTAL = ['--incremental', '--tsBuildInfoFile', 'node_modules/.tsbuildinfo']

function derivedFrom(file: string): Derived {
  const compile = [...COMPILE, ...INCREMENTAL]
  if (file === 'openapi.yaml') {
    const files = ['openapi.d.ts', 'security.ts', 'refinements.d.ts', 'code-samples.json'].map(
      (name) => `generated/${name}`,
    )
    return { files, commands: [['openapi-typescript'], ['node', 'src/generate/contract.ts'], compile] }
  }
  return { files: [], commands: file.endsWith('.ts') ? [compile] : [] }
}

/** An embedded PostgreSQL for the tests of one copy, which would otherwise start one for each lie. */
async function openDatabase(): Promise<LieDatabase> {
  const dataDir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'notes-api-lies-'))
  const embedded = await startEmbedded({
    dataDir,
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '100' },
  })
  const { host, port, user } = embedded.connection
  return {
    env: { TEST_DATABASE_URL: `postgres://${user}@${encodeURIComponent(host)}:${port}/postgres` },
    tidy: async () => {
      const client = new Client({ host, port, user, database: 'postgres' })
      await client.connect()
      try {
        const { rows } = await client.query<{ name: string }>(
          `select datname as name from pg_database where datname like 'notes\\_test\\_%'`,
        )
        for (const { name } of rows) await client.query(`drop database if exists "${name}" with (force)`)
      } finally {
        await client.end()
      }
    },
    close: async () => {
      await embedded.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
