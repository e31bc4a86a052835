import { createHmac, timingSafeEqual } from 'node:crypto'
import { validationFailed } from '../http/problem.ts'
import type { Position } from './notes.ts'

const TAG_BYTES = 16

/** Makes and reads the cursors of lists: a position, sealed for one owner, so that nobody else's is accepted. */
export interface Cursors {
  readonly make: (ownerId: string, position: Position) => string
  /** Throws a Problem (422) for a cursor that was altered or given to another account. */
  readonly read: (ownerId: string, cursor: string) => Position
}

export function createCursors(key: Uint8Array): Cursors {
  const seal = (ownerId: string, text: string): Buffer => {
    return createHmac('sha256', key).update(`${ownerId}\n${text}`).digest().subarray(0, TAG_BYTES)
  }
  return {
    make: (ownerId, { created_at, id }) => {
      const text = `${created_at},${id}`
      return Buffer.concat([seal(ownerId, text), Buffer.from(text)]).toString('base64url')
    },
    read: (ownerId, cursor) => {
      const bytes = Buffer.from(cursor, 'base64url')
      const text = bytes.subarray(TAG_BYTES).toString()
      const tag = bytes.subarray(0, TAG_BYTES)
      const [created_at, id] = text.split(',')
      if (tag.length !== TAG_BYTES || !timingSafeEqual(tag, seal(ownerId, text)) || created_at === undefined || id === undefined) {
        const msg = 'Is not a cursor of this list. Begin again without it.'
        throw validationFailed([{ loc: ['query', 'cursor'], pointer: '/cursor', msg, type: 'cursor_invalid' }])
      }
      return { created_at, id }
    },
  }
}
