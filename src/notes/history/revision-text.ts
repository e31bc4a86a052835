import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'

/** 4 MiB: a note of the largest size in any script fits in, and so does the text it is compressed against. */
const WINDOW_LOG = 23
const LEVEL = 3

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/**
 * A text as zstd, with an older text of the note as the dictionary if there is one. A text that differs from its
 * dictionary in a line takes about 100 bytes, whatever its size.
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
