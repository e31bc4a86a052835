import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StartupError } from '../startup-error.ts'

/**
 * The secret key of a server on the embedded database: made at the first start and kept beside the data, readable by
 * the owner only. Losing it logs everybody out and loses nothing else.
 */
export async function loadOrCreateSecretKey(dataDir: string): Promise<string> {
  const file = join(dataDir, 'secret_key')
  return (await readKey(file)) ?? createKey(dataDir, file)
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    const key = (await readFile(file, 'utf8')).trim()
    if (key.length >= 32) return key
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new StartupError(`DATA_DIR: the secret key ${file} cannot be read: ${String(error)}`)
  }
  throw new StartupError(`DATA_DIR: the secret key ${file} is damaged; restore it, or delete it to log everybody out`)
}

/** Written aside and linked into place: two servers that start at once get one key, and never half of one. */
async function createKey(dataDir: string, file: string): Promise<string> {
  const aside = `${file}.${process.pid}`
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    await writeFile(aside, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true })
    await link(aside, file).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
  } catch (error) {
    throw new StartupError(`DATA_DIR: the secret key ${file} cannot be written: ${String(error)}`)
  } finally {
    await rm(aside, { force: true })
  }
  return readFile(file, 'utf8').then((text) => text.trim())
}
