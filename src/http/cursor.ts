import { createHmac, timingSafeEqual } from 'node:crypto'
import { validationFailed } from './problem.ts'

const TAG_BYTES = 16

/** Makes and reads the cursors of one list: a position in it, sealed for one owner, so that nobody else's is accepted. */
export interface SealedCursors {
  readonly make: (ownerId: string, position: readonly string[]) => string
  /** Throws a Problem (422) for a cursor that was altered, is of another list or was given to another account. */
  readonly read: (ownerId: string, cursor: string) => readonly string[]
}

/** Seals with the first key and accepts any of them, so that keys change without disturbing those who are paging. */
export function createSealedCursors(list: string, keys: readonly Uint8Array[]): SealedCursors {
  const sealWith = (key: Uint8Array, ownerId: string, text: string): Buffer => {
    return createHmac('sha256', key).update(`${list}\n${ownerId}\n${text}`).digest().subarray(0, TAG_BYTES)
  }
  return {
    make: (ownerId, position) => {
      const [key] = keys
      if (key === undefined) throw new Error('Cursors need a key')
      const text = position.join(',')
      return Buffer.concat([sealWith(key, ownerId, text), Buffer.from(text)]).toString('base64url')
    },
    read: (ownerId, cursor) => {
      const bytes = Buffer.from(cursor, 'base64url')
      const text = bytes.subarray(TAG_BYTES).toString()
      const tag = bytes.subarray(0, TAG_BYTES)
      const isGenuine = tag.length === TAG_BYTES && keys.some((key) => timingSafeEqual(tag, sealWith(key, ownerId, text)))
      if (isGenuine) return text.split(',')
      const msg = 'Is not a cursor of this list. Begin again without it.'
      throw validationFailed([{ loc: ['query', 'cursor'], pointer: '/cursor', msg, type: 'cursor_invalid' }])
    },
  }
}
