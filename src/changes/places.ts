import type { Cursors } from '../http/cursor.ts'
import { Problem } from '../http/problem.ts'
import type { FeedState } from './core/read-changes.ts'

/** Where in the feed of an owner a cursor stands: after this change, in this epoch of the feed. */
export interface Place {
  readonly epoch: string
  readonly after: number
}

/** Makes and reads the cursors of the feed of one owner. */
export function feedCursors(cursors: Cursors, ownerId: string) {
  const listing = { ownerId, list: ['changes'] }
  return {
    make: ({ epoch, after }: Place): string => cursors.make(listing, [epoch, String(after)]),
    /** Throws a Problem (422) for one that was altered or made for another account. */
    read: (cursor: string, where: readonly [string, string]): Place => {
      const [epoch = '', after] = cursors.read(listing, cursor, where)
      return { epoch, after: Number(after) }
    },
  }
}

/**
 * Throws a Problem (410) for a place from which a reader could not go on without missing something: a change after it
 * has been forgotten, or it is of a database that is not this one.
 */
export function refuseExpired({ epoch, after }: Place, feed: FeedState): void {
  if (epoch === feed.epoch && after >= feed.forgottenSeq && after <= feed.seq) return
  throw new Problem('cursor-expired', 'The cursor is too old. Begin again without one.')
}
