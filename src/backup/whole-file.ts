import { createWriteStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'

/** How the name of a file ends while it is being written. */
export const PARTIAL = '.partial'

/**
 * Writes a file that only its owner may read, and returns its size. Under its name it is there as a whole and on the
 * disk, or not at all; what was there before stays until then.
 */
export async function writeWhole(path: string, write: (file: Writable) => Promise<void>): Promise<number> {
  const temporary = `${path}.${process.pid}${PARTIAL}`
  try {
    await write(createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }))
    const { size } = await stat(temporary)
    await rename(temporary, path)
    await syncDirectory(dirname(path))
    return size
  } finally {
    await rm(temporary, { force: true })
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
