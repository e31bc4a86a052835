import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { failed, type Finding, notPossible, passed, reasonOf } from './check.ts'

interface Guarded {
  readonly what: string
  readonly path: string
  /** Bits of the mode that must not be set. */
  readonly forbidden: number
  readonly remedy: string
}

const PRIVATE = 0o077
/** Others may search DATA_DIR, but neither list it nor write into it: a server of root lets its database in so. */
const SEARCHABLE = 0o066

/** Checks that other users can neither read nor change the files that hold the keys and the notes. */
export function checkFiles(
  { databaseUrl, dataDir }: Config,
  envFile: string,
  users: readonly number[],
): readonly Finding[] {
  const key = join(dataDir, 'secret_key')
  const files: readonly Guarded[] = [
    ...(databaseUrl === undefined
      ? [
          { what: 'DATA_DIR', path: dataDir, forbidden: SEARCHABLE, remedy: `chmod go-rw ${dataDir}` },
          { what: 'the secret key', path: key, forbidden: PRIVATE, remedy: `chmod 600 ${key}` },
        ]
      : []),
    { what: '.env', path: envFile, forbidden: PRIVATE, remedy: `chmod 600 ${envFile}` },
  ]
  return files.map((file) => checkFile(file, users))
}

function checkFile({ what, path, forbidden, remedy }: Guarded, users: readonly number[]): Finding {
  if (process.platform === 'win32')
    return notPossible('files', `the permissions of ${what} cannot be read on Windows`, 'look at them yourself')
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) {
      return what === '.env'
        ? passed('files', 'there is no .env that others could read')
        : notPossible('files', `${what} (${path}) is not there`, 'is DATA_DIR that of the server?')
    }
    const mode = (stats.mode & 0o777).toString(8)
    if ((stats.mode & forbidden) !== 0)
      return failed('files', `${what} (${path}) is open to other users: mode ${mode}`, remedy)
    // Its owner may do anything with it, whatever the mode.
    if (![0, process.getuid?.(), ...users].includes(stats.uid)) {
      const owner = `belongs to uid ${stats.uid}, who does not run the server`
      return failed('files', `${what} (${path}) ${owner}`, 'chown it to the user of the server')
    }
    return passed('files', `${what} is closed to other users: mode ${mode}`)
  } catch (error) {
    return notPossible('files', `${what} cannot be examined (${reasonOf(error)})`, 'run this as the user of the server')
  }
}
