import type { Database } from '../../db/database.ts'
import type { NoteRow } from '../../notes/core/notes.ts'
export interface NoticePosition {
  readonly ownerId: string
  readonly after: number
}
export interface Notice {
  readonly owner_id: string
  readonly seq: number
  readonly kind: 'upsert' | 'trash' | 'erase'
  readonly note_id: string
  readonly version: number
  readonly at: string
}
export interface Change extends Notice {
  readonly note?: NoteRow | undefined
}
export interface FeedState {
  readonly epoch: string
  readonly seq: number
  readonly forgottenSeq: number
}
export async function readChanges(
  _db: Database,
  _o: string,
  _p: { after: number; limit: number; maxBytes: number },
): Promise<{ changes: readonly Change[]; hasMore: boolean }> {
  return { changes: [], hasMore: false }
}
export async function readFeed(_db: Database, _o: string): Promise<FeedState> {
  return { epoch: '', seq: 0, forgottenSeq: 0 }
}
export async function readNotices(
  _db: Database,
  _p: readonly NoticePosition[],
  _l: number,
): Promise<readonly Notice[]> {
  return []
}
