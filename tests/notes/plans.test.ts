import { v7 as uuidv7 } from 'uuid'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { purgeChanges } from '../../src/changes/core/purge-changes.ts'
import { readChanges, readLogState, readNotices } from '../../src/changes/core/read-changes.ts'
import { recordChanges } from '../../src/changes/core/record-changes.ts'
import { countNotes, readNotes, readSummaries, type NoteFilters, type NoteListing } from '../../src/notes/list-notes.ts'
import { findNote } from '../../src/notes/core/notes.ts'
import { findRevision, readRevisions } from '../../src/notes/history/revisions.ts'
import { readTags } from '../../src/notes/tags/tags.ts'
import { countTrash, eraseExpired, readTrash } from '../../src/notes/trash/trash.ts'
import { lockNote } from '../../src/notes/core/lock-note.ts'
import { useDatabase } from '../support/fixtures.ts'
import { fillNotes, plansOf } from '../support/plans.ts'

const database = useDatabase()
let ownerId: string

beforeAll(async () => {
  ;[ownerId = ''] = await Promise.all(
    [0, 1, 2].map(async () => {
      const id = uuidv7()
      await database.db.insertInto('users').values({ id, email: id, email_key: id, password_hash: '' }).execute()
      return id
    }),
  )
  for (const { id } of await database.db.selectFrom('users').select('id').execute())
    await fillNotes(database.db, id, 5_000)
})

const none: NoteFilters = {
  tags: [],
  is_public: undefined,
  is_pinned: undefined,
  is_archived: undefined,
  updated_since: undefined,
}
const page: NoteListing = {
  filters: none,
  sort: '-created_at',
  limit: 20,
  after: undefined,
  skip: 0,
  isWhole: false,
}
const list = (given: Partial<NoteListing>) => (db: Database) => readNotes(db, ownerId, { ...page, ...given })
const filtered = (filters: Partial<NoteFilters>) => list({ filters: { ...none, ...filters } })
const position = ['2026-01-01T00:00:00Z', uuidv7()]
const someNote = async (db: Database) => (await readNotes(db, ownerId, { ...page, limit: 1 })).rows[0]

const hotPaths: [string, (db: Database) => Promise<unknown>][] = [
  ['the first page', list({})],
  ['a later page', list({ after: position })],
  ['by title', list({ sort: 'title', after: ['m', uuidv7()] })],
  ['by -updated_at', list({ sort: '-updated_at', after: position })],
  ['updated since', list({ sort: '-updated_at', filters: { ...none, updated_since: '2026-01-01T00:00:00Z' } })],
  ['a common tag', filtered({ tags: ['common'] })],
  ['a rare tag', filtered({ tags: ['rare'] })],
  ['an unknown tag', filtered({ tags: ['unknown'] })],
  ['two tags', filtered({ tags: ['common', 'rare'] })],
  ['pinned', filtered({ is_pinned: true })],
  ['not archived', filtered({ is_archived: false })],
  ['archived', filtered({ is_archived: true })],
  ['public', filtered({ is_public: true })],
  ['summaries', (db) => readSummaries(db, ownerId, page)],
  ['the number of notes', (db) => countNotes(db, ownerId, none)],
  ['the number of notes with a rare tag', (db) => countNotes(db, ownerId, { ...none, tags: ['rare'] })],
  ['the number of notes in the trash', (db) => countTrash(db, ownerId)],
  ['the trash', (db) => readTrash(db, ownerId, { limit: 20, after: undefined, days: 30 })],
  ['a later page of the trash', (db) => readTrash(db, ownerId, { limit: 20, after: position, days: 30 })],
  ['the purge', (db) => inTransaction(db, (tx) => eraseExpired(tx, 30, 100))],
  ['tags with counts', (db) => readTags(db, ownerId, { limit: 20, after: undefined })],
  ['one note', (db) => findNote(db, ownerId, uuidv7())],
  ['a note to be written', (db) => inTransaction(db, (tx) => lockNote(tx, ownerId, uuidv7()))],
  ['the first page of the log', (db) => readChanges(db, ownerId, { after: 0, limit: 100, maxBytes: 1_000_000 })],
  ['a later page of the log', (db) => readChanges(db, ownerId, { after: 4_900, limit: 100, maxBytes: 1_000_000 })],
  [
    'the notices of streams',
    (db) =>
      readNotices(
        db,
        [
          { ownerId, after: 4_990 },
          { ownerId: uuidv7(), after: 0 },
        ],
        100,
      ),
  ],
  ['the latest place of the log', (db) => readLogState(db, ownerId)],
  ['the purge of the log', (db) => purgeChanges(db, () => false)],
  [
    'a change that is recorded',
    (db) =>
      inTransaction(db, async (tx) => recordChanges(tx, ownerId, [{ noteId: uuidv7(), kind: 'upsert', version: 1 }])),
  ],
  [
    'a version and the versions of a note',
    async (db) => {
      const note = await someNote(db)
      if (note === undefined) throw new Error('There is no note')
      const current = { ...note, content: '' }
      await findRevision(db, current, note.version + 1)
      await readRevisions(db, current, { limit: 20, before: 2 })
    },
  ],
]

test.each(hotPaths)('%s needs no sequential scan', async (_, run) => {
  const plans = await plansOf(database.connection, run)
  expect(plans).not.toHaveLength(0)
  for (const { statement, lines } of plans) {
    expect(lines.join('\n'), statement).not.toContain('Seq Scan')
    expect(lines.join('\n'), statement).toContain('Index')
  }
})
