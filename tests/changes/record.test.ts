import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { beforeEach, expect, test } from 'vitest'
import { readLogState } from '../../src/changes/core/read-changes.ts'
import { recordChanges } from '../../src/changes/core/record-changes.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { lockTarget } from '../../src/notes/core/change-note.ts'
import { insertNote } from '../../src/notes/core/notes.ts'
import { moveToTrash } from '../../src/notes/trash/trash.ts'
import { purgeNotes } from '../../src/notes/purge.ts'
import { type MadeNote, madeNote, newNote } from '../notes/new-note.ts'
import { useServer } from '../support/fixtures.ts'
import { type Answer, enrol, type Person, userIdOf } from '../support/people.ts'
import { unobserved } from '../support/observed-database.ts'
import { noteOperations, operationsOf } from './note-operations.ts'
import { writtenOperations } from './writers.ts'

const server = useServer({ isRecorded: false })
let ann: Person
let annId: string

beforeEach(async () => {
  ann = await enrol(server)
  annId = userIdOf(ann)
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

/** Made of version 1, of which version 2 has another title. */
const merge = { body: { content: 'Merged' }, headers: { 'If-Match': '"1"' } }

/** `note` is the note that was made last. */
const steps: [name: string, step: (note: MadeNote) => Promise<Answer>, recorded: string][] = [
  ['updateNote', ({ path }) => ann.ask('PUT', path, { body: { title: 'New' } }), 'upsert 2'],
  ['patchNote: merge', ({ path }) => ann.ask('PATCH', `${path}?on_conflict=merge`, merge), 'upsert 3'],
  ['patchNote', ({ path }) => ann.ask('PATCH', path, { body: { is_pinned: true, tags: ['a'] } }), 'upsert 4'],
  ['editNote', ({ path }) => ann.ask('POST', `${path}/edits`, edit), 'upsert 5'],
  ['restoreRevision', ({ path }) => ann.ask('POST', `${path}/revisions/4/restore`), 'upsert 6'],
  ['renameTags', () => ann.ask('POST', '/tags/rename', { body: { from: ['a'], to: 'b' } }), 'upsert 7'],
  ['deleteNote', ({ path }) => ann.ask('DELETE', path), 'trash 7'],
  ['restoreNote', ({ id }) => ann.ask('POST', `/trash/${id}/restore`), 'upsert 7'],
  ['changeNotes: unpin', ({ id }) => batch({ action: 'unpin', note_id: id }), 'upsert 8'],
  ['changeNotes: trash', ({ id }) => batch({ action: 'trash', note_id: id }), 'trash 8'],
  ['changeNotes: restore', ({ id }) => batch({ action: 'restore', note_id: id }), 'upsert 8'],
  ['deleteNote', ({ path }) => ann.ask('DELETE', path), 'trash 8'],
  ['eraseNote', ({ id }) => ann.ask('DELETE', `/trash/${id}`), 'erase 8'],
  ['createNote', () => ann.ask('POST', '/notes', { body: { title: 'Next', content: 'x' } }), 'upsert 1'],
  ['deleteNote', ({ path }) => ann.ask('DELETE', path), 'trash 1'],
  ['emptyTrash', () => ann.ask('DELETE', '/trash'), 'erase 1'],
]

test('every operation that changes a note moves it to the next place, with its kind and version', async () => {
  let note = await newNote(ann)
  expect(shown(await log())).toEqual(['1 upsert 1'])
  let others: string[] = []
  for (const [index, [name, step, recorded]] of steps.entries()) {
    if (name === 'createNote') others = shown(await log())
    const answer = await step(note)
    expect(answer.status, name).toBeLessThan(300)
    if (name === 'createNote') note = madeNote(answer)
    expect(shown(await log()), name).toEqual([...others, `${index + 2} ${recorded}`])
  }
  expect((await readLogState(server.db, annId)).latestSeq).toBe(1 + steps.length)
})

test('no operation that can change a note is missing among those that are tried here and by the writers', () => {
  expect(operationsOf(steps.map(([name]) => name))).toEqual(noteOperations)
  expect(writtenOperations).toEqual(noteOperations)
})

/** What the actions of a batch came to. */
function outcomes({ body }: Answer): unknown[] {
  return (body['results'] as Record<string, unknown>[]).map(({ status }) => status)
}

test('what changes no note is not recorded', async () => {
  const note = await newNote(ann, { tags: ['a'], is_pinned: true })
  const trashed = await newNote(ann)
  expect((await ann.ask('DELETE', trashed.path)).status).toBe(204)
  const keyed = { headers: { 'Idempotency-Key': 'once' }, body: { title: 'Once', content: 'x' } }
  expect((await ann.ask('POST', '/notes', keyed)).status).toBe(201)
  const before = await log()
  const noText = { edits: [{ op: 'replace_text', find: '?', replace: '!' }] }
  for (const [name, status, ask] of [
    ['the same fields', 200, () => ann.ask('PUT', note.path, { body: { title: 'First', tags: ['a'] } })],
    ['a dry run', 200, () => ann.ask('POST', `${note.path}/edits`, { body: { ...edit.body, dry_run: true } })],
    ['another version', 412, () => ann.ask('PUT', note.path, { body: { title: 'x' }, headers: { 'If-Match': '"9"' } })],
    ['no such text', 422, () => ann.ask('POST', `${note.path}/edits`, { body: noText })],
    ['a repeated request', 201, () => ann.ask('POST', '/notes', keyed)],
    ['a key used twice', 422, () => ann.ask('POST', '/notes', { ...keyed, body: { title: 'Other', content: 'x' } })],
    ['a note restored that is not in the trash', 404, () => ann.ask('POST', `/trash/${note.id}/restore`)],
    ['a note erased that is not in the trash', 404, () => ann.ask('DELETE', `/trash/${note.id}`)],
    ['a tag that no note has', 200, () => ann.ask('POST', '/tags/rename', { body: { from: ['z'], to: 'y' } })],
  ] as const)
    expect([name, (await ask()).status, await log()]).toEqual([name, status, before])
  for (const [name, outcome, ask] of [
    [
      'a batch that changes nothing',
      [200, 200],
      () => batch({ action: 'pin', note_id: note.id }, { action: 'trash', note_id: trashed.id }),
    ],
    ['a batch that fails', [412], () => batch({ action: 'restore', note_id: trashed.id, version: 9 })],
  ] as const)
    expect([name, outcomes(await ask()), await log()]).toEqual([name, outcome, before])
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
  const bobId = userIdOf(bob)
  for (const who of [ann, bob, ann]) expect((await who.ask('DELETE', (await newNote(who)).path)).status).toBe(204)
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
