import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory } from '../db/embedded/data-dir.ts'

/** What a server with workers writes into DATA_DIR for `npm run reload`. */
export interface Control {
  readonly pid: number
  /** When the process began, as /proc tells it: another process may have this pid by now. Empty without /proc. */
  readonly began: string
  /** How many reloads have ended. */
  readonly reloads: number
  readonly last?: ReloadOutcome
}

type ReloadOutcome = { readonly version: string } | { readonly failure: string }

export interface ControlFile {
  /** Tells the command how a reload ended. */
  readonly tell: (outcome: ReloadOutcome) => void
  readonly remove: () => void
}

/** Writes the file of this process. `onFailure` is called once if that is not possible. */
export function createControlFile(dataDir: string, onFailure: (reason: string) => void): ControlFile {
  const path = pathIn(dataDir)
  let control: Control = { pid: process.pid, began: beganAt(process.pid), reloads: 0 }
  let hasFailed = false
  const write = (): void => {
    const temporary = `${path}.${process.pid}`
    try {
      makeDirectory(dataDir, 0o700)
      rmSync(temporary, { force: true })
      writeFileSync(temporary, JSON.stringify(control), { mode: 0o600, flag: 'wx' })
      renameSync(temporary, path)
    } catch (error) {
      if (!hasFailed) onFailure(error instanceof Error ? error.message : String(error))
      hasFailed = true
    }
  }
  write()
  return {
    tell: (last) => {
      control = { ...control, reloads: control.reloads + 1, last }
      write()
    },
    remove: () => {
      if (readControl(dataDir)?.pid === process.pid) rmSync(path, { force: true })
    },
  }
}

/** The server that runs on this directory; undefined if none does that can be reloaded. */
export function readControl(dataDir: string): Control | undefined {
  try {
    const control: unknown = JSON.parse(readFileSync(pathIn(dataDir), 'utf8'))
    if (!isControl(control)) return undefined
    process.kill(control.pid, 0)
    return control.began === beganAt(control.pid) ? control : undefined
  } catch (error) {
    // EPERM: it runs, as another user.
    if (error instanceof Error && 'code' in error && error.code === 'EPERM') throw error
    return undefined
  }
}

function isControl(value: unknown): value is Control {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    Number.isSafeInteger(value.pid) &&
    'began' in value &&
    'reloads' in value &&
    typeof value.reloads === 'number'
  )
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'server.json')
}

/** Field 22 of /proc/PID/stat; the name of the program before it may hold anything. */
function beganAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
