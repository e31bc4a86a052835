import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { createZstdDecompress } from 'node:zlib'
import { BadBackup } from './bad-backup.ts'
import { type FileContent, MANIFEST, type Manifest, readManifest, rowsIn, SECRET_KEY, tableOf } from './manifest.ts'
import type { Progress } from './progress.ts'
import { readSealed, requireSealed } from './seal.ts'
import { type Entry, readTar } from './tar.ts'

/** A backup that was read as a whole and is as it was written. */
export interface VerifiedBackup {
  readonly manifest: Manifest
  readonly secretKey: string
  /** Reads the files again, without the manifest. Throws a BadBackup if they are no longer the same. */
  readonly files: () => AsyncGenerator<Entry, void, undefined>
}

/** Reads all of a file. Throws a BadBackup unless it is a whole backup of a format that this version knows. */
export async function verifyBackup(path: string, progress: Progress): Promise<VerifiedBackup> {
  const size = await requireSealed(path)
  let manifest: Manifest | undefined
  let secretKey = ''
  const files: FileContent[] = []
  const rows = new Map<string, number>()
  for await (const entry of entriesOf(path, size)) {
    if (manifest !== undefined) throw new BadBackup('is damaged: something follows the manifest')
    const { name, bytes } = entry
    const table = tableOf(name)
    if (name === MANIFEST) manifest = readManifest(bytes)
    else files.push(contentOf(entry))
    if (name === SECRET_KEY) secretKey = bytes.toString().trim()
    if (table !== undefined) rows.set(table, (rows.get(table) ?? 0) + rowsIn(bytes))
    progress.step('verified', table ?? name, bytes.length)
  }
  if (manifest === undefined) throw new BadBackup('is damaged: it has no manifest')
  const { tables } = manifest
  const hasAllRows = tables.every((table) => table.rows === (rows.get(table.name) ?? 0))
  const hasOthers = [...rows.keys()].some((name) => !tables.some((table) => table.name === name))
  if (!isDeepStrictEqual(files, manifest.files) || !hasAllRows || hasOthers || secretKey === '')
    throw new BadBackup('is damaged: it does not hold what its manifest says')
  const verified = manifest
  return { manifest, secretKey, files: () => sameFiles(path, size, verified) }
}

const OTHER = 'is no longer the file that was checked'

async function* sameFiles(path: string, size: number, { files }: Manifest): AsyncGenerator<Entry, void, undefined> {
  let index = 0
  for await (const entry of entriesOf(path, size)) {
    if (entry.name === MANIFEST) continue
    if (!isDeepStrictEqual(contentOf(entry), files[index])) throw new BadBackup(OTHER)
    index += 1
    yield entry
  }
  if (index !== files.length) throw new BadBackup(OTHER)
}

async function* entriesOf(path: string, size: number): AsyncGenerator<Entry, void, undefined> {
  const compressed = readSealed(path, size)
  const plain = createZstdDecompress()
  compressed.once('error', (error) => plain.destroy(error))
  try {
    yield* readTar(compressed.pipe(plain))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw code.startsWith('ZSTD_') ? new BadBackup('is damaged: it cannot be decompressed') : error
  } finally {
    compressed.destroy()
    plain.destroy()
  }
}

function contentOf({ name, bytes }: Entry): FileContent {
  return { name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
