import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'

/** A window of 8 MiB holds the largest note in any script and the text that it is compressed against. */
const WINDOW_LOG = 23
const LEVEL = 3

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/**
 * Compresses a text with zstd, with an older text of the note as its dictionary if there is one. A text that differs
 * from its dictionary in one line takes about 100 bytes, whatever its size.
 */
export function packText(text: string, base: string | undefined): Promise<Buffer> {
  const params = {
    [constants.ZSTD_c_compressionLevel]: LEVEL,
    [constants.ZSTD_c_windowLog]: WINDOW_LOG,
    [constants.ZSTD_c_enableLongDistanceMatching]: 1,
  }
  return compress(Buffer.from(text), { params, ...dictionaryOf(base) })
}

export async function unpackText(data: Buffer, base: string | undefined): Promise<string> {
  const params = { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG }
  return (await decompress(data, { params, ...dictionaryOf(base) })).toString()
}

function dictionaryOf(base: string | undefined): { dictionary?: Buffer } {
  return base === undefined ? {} : { dictionary: Buffer.from(base) }
}
