import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { type Readable, Transform } from 'node:stream'
import { BadBackup } from './bad-backup.ts'

/**
 * A backup is a tar, compressed with Zstandard, between two skippable frames (RFC 8878 §3.1.2), which other programs
 * pass over. The first says what the file is; the last has the SHA-256 of all bytes before it, so that no damage to
 * any byte stays unseen.
 */
const LABEL = 'notes-api backup '
const FORMAT = 1
const HEAD = frame(Buffer.from(`${LABEL}${FORMAT}\n`))
const HASH_BYTES = 32
const TAIL_BYTES = frame(Buffer.alloc(HASH_BYTES)).length

/** Whether a file begins as a backup does, of whatever format. */
export async function looksLikeBackup(path: string): Promise<boolean> {
  return HEAD.subarray(0, -2).equals(await bytesAt(path, 0, HEAD.length - 2))
}

/** Puts the two frames around what passes through. */
export function sealing(): Transform {
  const hash = createHash('sha256').update(HEAD)
  const seal = new Transform({
    transform: (chunk: Buffer, _, done) => {
      hash.update(chunk)
      done(null, chunk)
    },
    flush: (done) => done(null, frame(hash.digest())),
  })
  seal.push(HEAD)
  return seal
}

/** Throws a BadBackup unless each byte of the file is as it was written. Returns the size. */
export async function requireSealed(path: string): Promise<number> {
  const head = await bytesAt(path, 0, HEAD.length)
  if (!HEAD.subarray(0, -2).equals(head.subarray(0, HEAD.length - 2)))
    throw new BadBackup('is not a backup of notes-api')
  if (!head.equals(HEAD)) throw new BadBackup('has another format than this version knows, or is damaged')
  const size = await sizeOf(path)
  const tail = await bytesAt(path, size - TAIL_BYTES, TAIL_BYTES)
  const isWhole = size >= HEAD.length + TAIL_BYTES && frame(tail.subarray(-HASH_BYTES)).equals(tail)
  if (!isWhole) throw new BadBackup('is cut off, or something was added: its end is not that of a backup')
  const hash = createHash('sha256')
  for await (const chunk of readSealed(path, size, 0)) hash.update(chunk)
  if (!frame(hash.digest()).equals(tail)) throw new BadBackup('is damaged: its check sum is wrong')
  return size
}

/** What is between the frames of a whole backup of this size. */
export function readSealed(path: string, size: number, start = HEAD.length): Readable {
  return createReadStream(path, { start, end: size - TAIL_BYTES - 1, highWaterMark: 256 * 1024 })
}

function frame(content: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x184d2a50, 0)
  header.writeUInt32LE(content.length, 4)
  return Buffer.concat([header, content])
}

/** Fewer bytes if the file ends before. */
async function bytesAt(path: string, position: number, length: number): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, Math.max(0, position))
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = await open(path)
  try {
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}
