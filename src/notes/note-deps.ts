import type { Database } from '../db/database.ts'
import type { Cursors } from '../http/cursor.ts'
import type { AddressOf } from '../http/public-address.ts'
import type { TextWork } from '../text/text-work.ts'
import type { WriteTurns } from './core/write-turns.ts'

/** What the operations on notes need of the server. */
export interface NoteDeps {
  readonly db: Database
  readonly textWork: TextWork
  readonly turns: WriteTurns
  readonly cursors: Cursors
  readonly addressOf: AddressOf
  /** The maximum number of superseded versions that a note keeps. */
  readonly historyVersions: number
  /** After how many days in the trash a note is erased. */
  readonly trashDays: number
}
