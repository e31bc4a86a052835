import type { Cursors } from '../http/cursor.ts'
import { Problem } from '../http/problem.ts'
import { type FeedPosition, type LogState, mustStartAgain } from './core/read-changes.ts'

/** What a cursor holds: how far a reader has come, and in which epoch of the feed. */
export interface Place extends FeedPosition {
  readonly epoch: string
}

/** Makes and reads the cursors of the feed of one owner. */
export function feedCursors(cursors: Cursors, ownerId: string) {
  const listing = { ownerId, list: ['changes'] }
  return {
    make: ({ epoch, seq, floor }: Place): string => cursors.make(listing, [epoch, String(seq), String(floor)]),
    /** Throws a Problem (422) for a cursor that was altered or made for another account. `where`: its place. */
    read: (cursor: string, where: readonly [place: string, name: string]): Place => {
      const [epoch = '', seq, floor] = cursors.read(listing, cursor, where)
      return { epoch, seq: Number(seq), floor: Number(floor) }
    },
  }
}

/**
 * Throws a Problem (410) for a place from which a reader might miss a change: a later tombstone was deleted, or the
 * place belongs to another epoch.
 */
export function refuseExpired(place: Place, epoch: string, log: LogState): void {
  if (place.epoch === epoch && !mustStartAgain(place, log)) return
  throw new Problem('cursor-expired', 'The cursor is too old. Start again without a cursor.')
}
