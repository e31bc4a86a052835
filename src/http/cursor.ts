import { createHmac, timingSafeEqual } from 'node:crypto'
import { validationFailed } from './problem.ts'

const TAG_BYTES = 16

/** What a cursor belongs to: an owner's list with its order and filters. With any other list it is refused. */
export interface Listing {
  readonly ownerId: string
  readonly list: readonly unknown[]
}

/** Where a page ended: the values of its last row by which the list is ordered. */
export type Position = readonly string[]

/** Makes and reads cursors. A cursor is a position, sealed for one listing. */
export interface Cursors {
  readonly make: (listing: Listing, position: Position) => string
  /** Throws a Problem (422) for a cursor that was altered, or made for another account or list. `where`: its place. */
  readonly read: (listing: Listing, cursor: string, where?: readonly [place: string, name: string]) => Position
}

/** Seals with the first key and accepts any of them, so that cursors stay valid while keys are rotated. */
export function createCursors(keys: readonly Uint8Array[]): Cursors {
  const [sealingKey] = keys
  if (sealingKey === undefined) throw new Error('Cursors need a key')
  return {
    make: (listing, position) => {
      const text = JSON.stringify(position)
      return Buffer.concat([seal(sealingKey, listing, text), Buffer.from(text)]).toString('base64url')
    },
    read: (listing, cursor, where = ['query', 'cursor']) => {
      const bytes = Buffer.from(cursor, 'base64url')
      const text = bytes.subarray(TAG_BYTES).toString()
      const tag = bytes.subarray(0, TAG_BYTES)
      if (tag.length !== TAG_BYTES || !keys.some((key) => timingSafeEqual(tag, seal(key, listing, text)))) {
        const msg = 'Is not a cursor of this list. Begin again without it.'
        throw validationFailed([{ loc: where, pointer: `/${where[1]}`, msg, type: 'cursor_invalid' }])
      }
      const position: unknown = JSON.parse(text)
      if (!Array.isArray(position)) throw new Error('A sealed cursor holds no position')
      return position.map(String)
    },
  }
}

function seal(key: Uint8Array, { ownerId, list }: Listing, text: string): Buffer {
  return createHmac('sha256', key)
    .update(`${JSON.stringify([ownerId, list])}\n${text}`)
    .digest()
    .subarray(0, TAG_BYTES)
}
