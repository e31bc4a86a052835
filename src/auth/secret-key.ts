import { randomBytes } from 'node:crypto'
import { chown, link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StartupError } from '../startup-error.ts'

/**
 * The secret key of a server on the embedded database: created at the first start and stored beside the data, readable
 * by the owner only. With a new key, access tokens become invalid; refresh tokens and API keys stay valid.
 */
export async function loadOrCreateSecretKey(dataDir: string): Promise<string> {
  return (await loadSecretKey(dataDir)) ?? createKey(fileIn(dataDir))
}

/** The key that is stored there, if there is one. */
export function loadSecretKey(dataDir: string): Promise<string | undefined> {
  return readKey(fileIn(dataDir))
}

/** Stores this key instead, for the account that owns the directory. */
export async function storeSecretKey(dataDir: string, key: string): Promise<void> {
  const file = fileIn(dataDir)
  const temporary = `${file}.${process.pid}`
  try {
    await writeFile(temporary, `${key}\n`, { mode: 0o600, flush: true })
    const { uid, gid } = await stat(dataDir)
    if (process.getuid?.() === 0) await chown(temporary, uid, gid)
    await rename(temporary, file)
  } catch (error) {
    throw new StartupError(`DATA_DIR: the secret key ${file} cannot be written: ${String(error)}`)
  } finally {
    await rm(temporary, { force: true })
  }
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'secret_key')
}

async function readKey(file: string): Promise<string | undefined> {
  try {
    const key = (await readFile(file, 'utf8')).trim()
    if (key.length >= 32) return key
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new StartupError(`DATA_DIR: the secret key ${file} cannot be read: ${String(error)}`)
  }
  throw new StartupError(`DATA_DIR: the secret key ${file} is damaged; restore it, or delete it to get a new one`)
}

/** Written to a temporary file and linked: two servers that start at once use one key, and never read half of it. */
async function createKey(file: string): Promise<string> {
  const temporary = `${file}.${process.pid}`
  try {
    await writeFile(temporary, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true })
    await link(temporary, file).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
  } catch (error) {
    throw new StartupError(`DATA_DIR: the secret key ${file} cannot be written: ${String(error)}`)
  } finally {
    await rm(temporary, { force: true })
  }
  return readFile(file, 'utf8').then((text) => text.trim())
}
