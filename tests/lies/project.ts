import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { type Gate, gates } from './gates.ts'

/** A tree in which lies are planted, and what its gates need. */
export interface Project {
  /** The working tree of git. */
  readonly root: string
  /** The directory for copies. */
  readonly scratch: string
  readonly gates: Readonly<Record<string, Gate>>
  /** The configuration of vitest, if it is not at the root. */
  readonly vitestConfig?: string
  /** The commands to run after a file was changed and before tests, and all files that they and `compile` write. */
  readonly derived: (file: string) => Derived
  /** The commands that show whether a tree with lies in these files compiles, after those of `derived`. */
  readonly compile: (files: readonly string[]) => readonly (readonly string[])[]
  /** Whether the global setup of the tests reads a file without importing it. */
  readonly isSetup: (file: string) => boolean
  /** After how long a gate that hangs is ended. */
  readonly gateTimeoutMs?: number
  /** Opens a database for one copy, so that runs in two copies cannot affect each other. */
  readonly openDatabase?: () => Promise<LieDatabase>
}

interface Derived {
  readonly files: readonly string[]
  readonly commands: readonly (readonly string[])[]
}

interface LieDatabase {
  readonly env: Readonly<Record<string, string>>
  /** Removes databases that an aborted run left behind. */
  readonly tidy: () => Promise<void>
  readonly close: () => Promise<void>
}

export const thisProject: Project = {
  root: fileURLToPath(new URL('../..', import.meta.url)),
  scratch: tmpdir(),
  gates,
  vitestConfig: 'tests/vitest.config.ts',
  derived: derivedFrom,
  compile: compileWith,
  isSetup: (file) => file.startsWith('migrations/'),
  openDatabase,
}

/** A lie must compile, but it may leave a name unused, because it changes one place only. */
const COMPILE = [
  'node',
  'node_modules/typescript7/bin/tsc',
  '--noEmit',
  '--noUnusedLocals',
  'false',
  '--noUnusedParameters',
  'false',
]

function derivedFrom(file: string): Derived {
  if (file !== 'openapi.yaml') return { files: [], commands: [] }
  const names = ['openapi.d.ts', 'security.ts', 'refinements.d.ts', 'limits.ts', 'code-samples.json']
  return { files: names.map((name) => `generated/${name}`), commands: [['node', 'src/generate/contract.ts']] }
}

function compileWith(files: readonly string[]): readonly (readonly string[])[] {
  const isContract = files.includes('openapi.yaml')
  if (!isContract && !files.some((file) => file.endsWith('.ts'))) return []
  return [...(isContract ? [['openapi-typescript']] : []), COMPILE]
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
