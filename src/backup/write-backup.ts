import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import type { Client } from 'pg'
import { type FileContent, fileOf, MANIFEST, type Manifest, rowsIn, SECRET_KEY, type TableContent } from './manifest.ts'
import { inSession, type Target } from './open-direct.ts'
import type { Progress } from './progress.ts'
import { sealing } from './seal.ts'
import { beginSnapshot, copyOut, readTables, type SnapshotInfo } from './snapshot.ts'
import { type Entry, TAR_END, tarEntry } from './tar.ts'
import { writeWhole } from './whole-file.ts'

/** What is backed up. */
export interface BackupSource {
  readonly target: Target
  readonly secretKey: string
  readonly appVersion: string
}

export interface MadeBackup {
  readonly notes: number
  readonly bytes: number
  readonly seconds: number
}

/**
 * Writes a backup of the database, as it is in this moment, to a file that is there as a whole or not at all. Others
 * may read and write meanwhile. Throws a Refusal if another backup of the database is being made.
 */
export function writeBackup(
  source: BackupSource,
  path: string,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<MadeBackup> {
  const began = performance.now()
  return inSession(source.target, 'notes-api backup', async (client) => {
    const snapshot = await beginSnapshot(client, source.target.setting)
    let notes = 0
    const onDone = ({ tables }: Manifest): void => {
      notes = tables.find(({ name }) => name === 'notes')?.rows ?? 0
    }
    const archive = archiveOf(client, source, snapshot, { progress, onDone })
    const bytes = await writeWhole(path, (file) => pipeline(archive, createZstdCompress(), sealing(), file, { signal }))
    return { notes, bytes, seconds: (performance.now() - began) / 1_000 }
  })
}

async function* archiveOf(
  client: Client,
  { secretKey, appVersion }: BackupSource,
  snapshot: SnapshotInfo,
  { progress, onDone }: { readonly progress: Progress; readonly onDone: (manifest: Manifest) => void },
): AsyncGenerator<Buffer, void, undefined> {
  const seconds = Math.floor(Date.parse(snapshot.created_at) / 1_000)
  const tables: TableContent[] = []
  const files: FileContent[] = []
  const add = function* add(entry: Entry): Generator<Buffer> {
    const { name, bytes } = entry
    files.push({ name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
    yield* tarEntry(entry, seconds)
  }
  for (const table of await readTables(client)) {
    let rows = 0
    let number = 0
    for await (const bytes of copyOut(client, table)) {
      rows += rowsIn(bytes)
      number += 1
      progress.step('read', table.name, bytes.length)
      yield* add({ name: fileOf(table.name, number), bytes })
    }
    tables.push({ ...table, rows })
  }
  yield* add({ name: SECRET_KEY, bytes: Buffer.from(`${secretKey}\n`) })
  const manifest: Manifest = { app_version: appVersion, ...snapshot, tables, files }
  yield* tarEntry({ name: MANIFEST, bytes: Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`) }, seconds)
  yield TAR_END
  onDone(manifest)
}
