import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { TestDatabase } from '../support/database.ts'
import { SECRET_KEY } from '../support/server.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'admin', 'main.ts')
/** Saves each process much of its start time. */
const COMPILE_CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'compiled-for-tests')

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Admin {
  /** Runs the command as the operator types it, in its own process, while the server runs. */
  readonly admin: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Outcome>
  /** An empty one, in which the commands run. */
  readonly directory: string
}

export function useAdmin(database: TestDatabase): Admin {
  const directory = mkdtempSync(join(tmpdir(), 'notes-admin-'))
  afterAll(() => rmSync(directory, { recursive: true }))
  const admin: Admin['admin'] = (args, env = settingsOf(database)) =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [MAIN, ...args],
        { cwd: directory, env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...env }, timeout: 20_000 },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
        },
      )
    })
  return { admin, directory }
}

function settingsOf({ connection }: TestDatabase): Record<string, string> {
  const { host, port, user, password, database: name } = connection
  const login = password === '' ? user : `${user}:${encodeURIComponent(password)}`
  return { DATABASE_URL: `postgres://${login}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`, SECRET_KEY }
}
