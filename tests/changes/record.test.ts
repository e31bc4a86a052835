import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { readLogState } from '../../src/changes/core/read-changes.ts'
import { recordChanges } from '../../src/changes/core/record-changes.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { lockTarget } from '../../src/notes/core/change-note.ts'
import { insertNote } from '../../src/notes/core/notes.ts'
import { moveToTrash } from '../../src/notes/trash/trash.ts'
import { purgeNotes } from '../../src/notes/purge.ts'
import { type MadeNote, newNote } from '../notes/new-note.ts'
import { enrol, type Person } from '../support/people.ts'
import { unobserved } from '../support/observed-database.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let ann: Person
let annId: string

beforeAll(async () => {
  server = await startServer({ isRecorded: false })
})
afterAll(() => server.stop())
beforeEach(async () => {
  ann = await enrol(server)
  annId = String((await ann.ask('GET', '/users/me')).body['id'])
})

/** A statement that writes the table, built or written. */
const WRITES_NOTES = /(insertInto|updateTable|deleteFrom)\('notes'\)|(insert into|update|delete from) notes\b/

interface Row {
  readonly seq: number
  readonly kind: string
  readonly version: number
  readonly note_id: string
}

async function log(ownerId = annId): Promise<Row[]> {
  const rows = server.db.selectFrom('note_changes').select(['seq', 'kind', 'version', 'note_id'])
  return rows.where('owner_id', '=', ownerId).orderBy('seq').execute()
}

const shown = (rows: readonly Row[]): string[] => rows.map(({ seq, kind, version }) => `${seq} ${kind} ${version}`)

const edit = { body: { edits: [{ op: 'append', text: 'more' }] } }
const batch = (...actions: object[]) => ann.ask('POST', '/notes/batch', { body: { actions } })

const steps: [name: string, step: (note: MadeNote) => Promise<{ status: number }>, recorded: string][] = [
  ['updateNote', ({ path }) => ann.ask('PUT', path, { body: { title: 'New' } }), 'upsert 2'],
  ['patchNote', ({ path }) => ann.ask('PATCH', path, { body: { is_pinned: true, tags: ['a'] } }), 'upsert 3'],
  ['editNote', ({ path }) => ann.ask('POST', `${path}/edits`, edit), 'upsert 4'],
  ['restoreRevision', ({ path }) => ann.ask('POST', `${path}/revisions/3/restore`), 'upsert 5'],
  ['renameTags', () => ann.ask('POST', '/tags/rename', { body: { from: ['a'], to: 'b' } }), 'upsert 6'],
  ['deleteNote', ({ path }) => ann.ask('DELETE', path), 'trash 6'],
  ['restoreNote', ({ id }) => ann.ask('POST', `/trash/${id}/restore`), 'upsert 6'],
  ['changeNotes: unpin', ({ id }) => batch({ action: 'unpin', note_id: id }), 'upsert 7'],
  ['changeNotes: trash', ({ id }) => batch({ action: 'trash', note_id: id }), 'trash 7'],
  ['changeNotes: restore', ({ id }) => batch({ action: 'restore', note_id: id }), 'upsert 7'],
  ['deleteNote', ({ path }) => ann.ask('DELETE', path), 'trash 7'],
  ['eraseNote', ({ id }) => ann.ask('DELETE', `/trash/${id}`), 'erase 7'],
]

test('every operation that changes a note moves it to the next place, with its kind and version', async () => {
  const note = await newNote(ann)
  expect(shown(await log())).toEqual(['1 upsert 1'])
  for (const [index, [name, step, recorded]] of steps.entries()) {
    expect((await step(note)).status, name).toBeLessThan(300)
    expect(shown(await log()), name).toEqual([`${index + 2} ${recorded}`])
  }
  expect((await readLogState(server.db, annId)).latestSeq).toBe(1 + steps.length)
})

test('what changes no note is not recorded', async () => {
  const note = await newNote(ann, { tags: ['a'], is_pinned: true })
  const trashed = await newNote(ann)
  await ann.ask('DELETE', trashed.path)
  const keyed = { headers: { 'Idempotency-Key': 'once' }, body: { title: 'Once', content: 'x' } }
  await ann.ask('POST', '/notes', keyed)
  const before = await log()
  for (const [name, answer] of [
    ['the same fields', await ann.ask('PUT', note.path, { body: { title: 'First', tags: ['a'] } })],
    ['a dry run', await ann.ask('POST', `${note.path}/edits`, { body: { ...edit.body, dry_run: true } })],
    ['another version', await ann.ask('PUT', note.path, { body: { title: 'x' }, headers: { 'If-Match': '"9"' } })],
    [
      'no such text',
      await ann.ask('POST', `${note.path}/edits`, {
        body: { edits: [{ op: 'replace_text', find: '?', replace: '!' }] },
      }),
    ],
    ['a repeated request', await ann.ask('POST', '/notes', keyed)],
    ['a key used twice', await ann.ask('POST', '/notes', { ...keyed, body: { title: 'Other', content: 'x' } })],
    ['a batch', await batch({ action: 'pin', note_id: note.id }, { action: 'trash', note_id: trashed.id })],
    ['a batch that fails', await batch({ action: 'restore', note_id: trashed.id, version: 9 })],
    ['a restored note that is not in the trash', await ann.ask('POST', `/trash/${note.id}/restore`)],
    ['an erased note that is not in the trash', await ann.ask('DELETE', `/trash/${note.id}`)],
    ['a tag that no note has', await ann.ask('POST', '/tags/rename', { body: { from: ['z'], to: 'y' } })],
  ] as const)
    expect([name, answer.status < 500, await log()]).toEqual([name, true, before])
  expect((await readLogState(server.db, annId)).latestSeq).toBe(4)
})

test('changes of one transaction get consecutive places', async () => {
  const ids = Array.from({ length: 210 }, () => uuidv7())
  const flags = { is_public: false, is_pinned: false, is_archived: false, changed_by_kind: null, changed_by_id: null }
  await inTransaction(unobserved(server.db), async (tx) => {
    for (const id of ids) await insertNote(tx, annId, { id, title: 'x', content: 'y', tags: ['a'], ...flags })
  })
  expect(shown(await log())).toEqual(ids.map((_, index) => `${1 + index} upsert 1`))
  const renamed = await ann.ask('POST', '/tags/rename', { body: { from: ['a'], to: 'b' } })
  expect(renamed.body).toMatchObject({ changed: 210 })
  const rows = await log()
  expect(rows.map(({ seq }) => seq)).toEqual(ids.map((_, index) => 211 + index))
  expect(new Set(rows.map(({ note_id }) => note_id))).toEqual(new Set(ids))
  await inTransaction(unobserved(server.db), async (tx) => {
    for (const id of ids)
      await moveToTrash(tx, await lockTarget(tx, { ownerId: annId, noteId: id, ifMatch: undefined }))
  })
  expect((await ann.ask('DELETE', '/trash')).status).toBe(204)
  expect(shown(await log())).toEqual(ids.map((_, index) => `${631 + index} erase 2`))
})

test('a note that changes twice in one transaction gets one place, after the others', async () => {
  const [one, two] = [uuidv7(), uuidv7()]
  await inTransaction(unobserved(server.db), async (tx) => {
    recordChanges(tx, annId, [{ noteId: one, kind: 'upsert', version: 1 }])
    recordChanges(tx, annId, [{ noteId: two, kind: 'upsert', version: 1 }])
    recordChanges(tx, annId, [{ noteId: one, kind: 'trash', version: 2 }])
  })
  expect(shown(await log())).toEqual(['1 upsert 1', '2 trash 2'])
})

test('the purge of the trash records what it erases, for each owner', async () => {
  const bob = await enrol(server)
  const bobId = String((await bob.ask('GET', '/users/me')).body['id'])
  for (const who of [ann, bob, ann]) await who.ask('DELETE', (await newNote(who)).path)
  await newNote(bob)
  const old = sql<string>`now() - interval '31 days'`
  await server.db.updateTable('notes').set({ deleted_at: old }).where('deleted_at', 'is not', null).execute()
  await purgeNotes(server.db, { trashDays: 30, historyDays: 365 }, () => false)
  expect([shown(await log()).toSorted(), shown(await log(bobId))]).toEqual([
    ['5 erase 1', '6 erase 1'],
    ['3 upsert 1', '4 erase 1'],
  ])
})

test('an account that is deleted takes its log with it', async () => {
  await newNote(ann)
  const { status } = await ann.ask('DELETE', '/users/me', { body: { current_password: ann.password } })
  expect([status, await log(), (await readLogState(server.db, annId)).latestSeq]).toEqual([204, [], 0])
})

test('every file that writes notes records changes', () => {
  const files = globSync('src/**/*.ts', { cwd: join(import.meta.dirname, '..', '..') })
  const texts = files.map((file) => [file, readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8')] as const)
  const writers = texts.filter(([, text]) => WRITES_NOTES.test(text))
  expect(writers.length).toBeGreaterThan(3)
  expect(writers.filter(([, text]) => !text.includes('recordChanges(')).map(([file]) => file)).toEqual([])
})
