import { BadBackup } from './bad-backup.ts'

/**
 * As much of tar as a backup needs (POSIX.1-2017, pax, "ustar Interchange Format"): plain files with short names, so
 * that other programs can list and unpack it. A package for it would bring nine others along.
 */
export interface Entry {
  readonly name: string
  readonly bytes: Buffer
}

const BLOCK = 512
/** A row of a table is far smaller. */
const LARGEST = 512 * 1024 * 1024

export const TAR_END = Buffer.alloc(2 * BLOCK)

/** A file in the archive: its header, its bytes, and zeros up to a whole block. */
export function* tarEntry({ name, bytes }: Entry, seconds: number): Generator<Buffer> {
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 100)
  header.write('0000600\x000000000\x000000000\0', 100)
  header.write(`${octal(bytes.length)}\0${octal(seconds)}\0`, 124)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, 148)
  yield header
  yield bytes
  const rest = bytes.length % BLOCK
  if (rest > 0) yield Buffer.alloc(BLOCK - rest)
}

/** The files of an archive that `tarEntry` wrote. */
export async function* readTar(chunks: AsyncIterable<Buffer>): AsyncGenerator<Entry, void, undefined> {
  const reader = new ByteReader(chunks)
  for (;;) {
    const header = await reader.take(BLOCK)
    if (header.every((byte) => byte === 0)) return
    const name = header.toString('utf8', 0, header.indexOf(0))
    const size = Number.parseInt(header.toString('latin1', 124, 135), 8)
    const checksum = Number.parseInt(header.toString('latin1', 148, 154), 8)
    header.fill(' ', 148, 156)
    if (checksum !== checksumOf(header) || !(size <= LARGEST)) throw new BadBackup('is damaged: it is no tar inside')
    const bytes = await reader.take(size)
    await reader.take((BLOCK - (size % BLOCK)) % BLOCK)
    yield { name, bytes }
  }
}

/** The sum of the bytes of a header whose field for it has eight blanks. */
function checksumOf(header: Buffer): number {
  return header.reduce((sum, byte) => sum + byte, 0)
}

function octal(value: number): string {
  return value.toString(8).padStart(11, '0')
}

class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async take(length: number): Promise<Buffer> {
    const taken = [this.#rest]
    let size = this.#rest.length
    while (size < length) {
      const next = await this.#chunks.next()
      if (next.done === true) throw new BadBackup('is cut off')
      taken.push(next.value)
      size += next.value.length
    }
    const all = taken.length === 1 ? this.#rest : Buffer.concat(taken)
    this.#rest = all.subarray(length)
    return all.subarray(0, length)
  }
}
