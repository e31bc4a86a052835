import { createSealedCursors } from '../http/cursor.ts'
import type { Position } from './notes.ts'

/** Makes and reads the cursors of the list of notes. */
export interface Cursors {
  readonly make: (ownerId: string, position: Position) => string
  /** Throws a Problem (422) for a cursor that was altered or given to another account. */
  readonly read: (ownerId: string, cursor: string) => Position
}

export function createCursors(keys: readonly Uint8Array[]): Cursors {
  const sealed = createSealedCursors('notes', keys)
  return {
    make: (ownerId, { created_at, id }) => sealed.make(ownerId, [created_at, id]),
    read: (ownerId, cursor) => {
      const [created_at = '', id = ''] = sealed.read(ownerId, cursor)
      return { created_at, id }
    },
  }
}
