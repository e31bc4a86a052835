import type { Tx } from '../../db/transaction.ts'
import type { LockedNote } from './note-row.ts'

/** Reads a note that is not in the trash and locks it until the transaction ends, so that its writers take turns. */
export function lockNote(tx: Tx, ownerId: string, noteId: string): Promise<LockedNote | undefined> {
  return tx
    .selectFrom('notes')
    .selectAll()
    .where('id', '=', noteId)
    .where('owner_id', '=', ownerId)
    .where('deleted_at', 'is', null)
    .forUpdate()
    .$castTo<LockedNote>()
    .executeTakeFirst()
}
