import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { purgeChanges } from '../../src/changes/core/purge-changes.ts'
import { type MadeNote, newNote, nextOf } from '../notes/new-note.ts'
import { useServer } from '../support/fixtures.ts'
import { type Answer, enrol, type Person } from '../support/people.ts'
import { noteOperations, operationsOf } from './note-operations.ts'

const server = useServer()

const after = (cursor: unknown, rest = ''): string => `/changes?cursor=${String(cursor)}${rest}`

function changesIn({ status, body }: Answer): Record<string, unknown>[] {
  expect(status).toBe(200)
  return body['changes'] as Record<string, unknown>[]
}

/** Kind and version of each change, with a name for its note. */
function told(page: Answer, names: Readonly<Record<string, string>>): string[] {
  return changesIn(page).map(
    ({ kind, version, note_id }) => `${names[String(note_id)]} ${String(kind)} ${String(version)}`,
  )
}

/** Erases a note and lets the time pass after which nobody is told of it any more. */
async function eraseLongAgo(ann: Person, note: MadeNote): Promise<void> {
  for (const path of [note.path, `/trash/${note.id}`]) expect((await ann.ask('DELETE', path)).status).toBe(204)
  await sql`update note_changes set at = now() - interval '91 days' where note_id = ${note.id}`.execute(server.db)
  await purgeChanges(server.db, () => false)
}

function changeNotes(ann: Person, actions: readonly object[]): Promise<Answer> {
  return ann.ask('POST', '/notes/batch', { body: { actions } })
}

test('whatever changes a note is listed, in order, with the note as it is now', async () => {
  const ann = await enrol(server)
  const a = await newNote(ann, { title: 'A', tags: ['old'] })
  const b = await newNote(ann, { title: 'B' })
  const names = { [a.id]: 'A', [b.id]: 'B' }
  const edits = [{ op: 'append', text: 'x' }]
  const merge = { body: { title: 'Merged' }, headers: { 'If-Match': '"2"' } }
  const steps: readonly (readonly [name: string, did: () => Promise<Answer>, said: string])[] = [
    ['updateNote', () => ann.ask('PUT', a.path, { body: { content: 'One' } }), 'A upsert 2'],
    ['patchNote', () => ann.ask('PATCH', a.path, { body: { content: 'Two' } }), 'A upsert 3'],
    ['patchNote: merge', () => ann.ask('PATCH', `${a.path}?on_conflict=merge`, merge), 'A upsert 4'],
    ['editNote', () => ann.ask('POST', `${a.path}/edits`, { body: { edits } }), 'A upsert 5'],
    ['restoreRevision', () => ann.ask('POST', `${a.path}/revisions/1/restore`), 'A upsert 6'],
    ['renameTags', () => ann.ask('POST', '/tags/rename', { body: { from: ['old'], to: 'new' } }), 'A upsert 7'],
    ['changeNotes', () => changeNotes(ann, [{ note_id: b.id, action: 'pin' }]), 'B upsert 2'],
    ['deleteNote', () => ann.ask('DELETE', a.path), 'A trash 7'],
    ['restoreNote', () => ann.ask('POST', `/trash/${a.id}/restore`), 'A upsert 7'],
    ['deleteNote', () => ann.ask('DELETE', a.path), 'A trash 7'],
    ['emptyTrash', () => ann.ask('DELETE', '/trash'), 'A erase 7'],
    ['deleteNote', () => ann.ask('DELETE', b.path), 'B trash 2'],
    ['eraseNote', () => ann.ask('DELETE', `/trash/${b.id}`), 'B erase 2'],
  ]
  expect(operationsOf(['createNote', ...steps.map(([name]) => name)])).toEqual(noteOperations)
  let page = await ann.ask('GET', '/changes')
  expect(told(page, names)).toEqual(['A upsert 1', 'B upsert 1'])
  for (const [name, did, said] of steps) {
    expect((await did()).status, name).toBeLessThan(300)
    page = await ann.ask('GET', after(page.body['cursor']))
    expect(told(page, names), name).toEqual([said])
    const [change] = changesIn(page)
    const isThere = said.includes('upsert')
    const now = await ann.ask('GET', `/notes/${String(change?.['note_id'])}`)
    expect(change?.['note']).toEqual(isThere ? now.body : undefined)
  }
  expect(told(await ann.ask('GET', '/changes'), names)).toEqual(['A erase 7', 'B erase 2'])
})

test('what changes nothing is not listed', async () => {
  const ann = await enrol(server)
  const { path } = await newNote(ann, { title: 'A' })
  const { body } = await ann.ask('GET', '/changes')
  const answers = [
    await ann.ask('PUT', path, { body: { title: 'A' } }),
    await ann.ask('PUT', path, { body: { title: 'B' }, headers: { 'If-Match': '"7"' } }),
    await ann.ask('POST', `${path}/edits`, { body: { edits: [{ op: 'append', text: 'x' }], dry_run: true } }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 412, 200])
  const page = await ann.ask('GET', after(body['cursor']))
  expect(page.body).toEqual({ changes: [], cursor: body['cursor'], has_more: false })
})

test('pages lead through all changes, and a note that changes meanwhile is met again at its new place', async () => {
  const ann = await enrol(server)
  const notes = []
  for (const title of ['A', 'B', 'C', 'D', 'E']) notes.push({ title, ...(await newNote(ann, { title })) })
  const names = Object.fromEntries(notes.map(({ id, title }) => [id, title]))
  const seen: string[] = []
  let page = await ann.ask('GET', '/changes?limit=2')
  expect((await ann.ask('PUT', String(notes[1]?.path), { body: { content: 'changed' } })).status).toBe(200)
  for (;;) {
    seen.push(...told(page, names))
    expect(page.body['has_more']).toBe(nextOf(page.headers) !== undefined)
    if (page.body['has_more'] !== true) break
    expect(nextOf(page.headers)).toBe(`/changes?limit=2&cursor=${String(page.body['cursor'])}`)
    page = await ann.ask('GET', String(nextOf(page.headers)))
  }
  expect(seen).toEqual(['A upsert 1', 'B upsert 1', 'C upsert 1', 'D upsert 1', 'E upsert 1', 'B upsert 2'])
})

test('a cursor is good for its own account only, and only as it was given', async () => {
  const [ann, bob] = [await enrol(server), await enrol(server)]
  const { body } = await ann.ask('GET', '/changes')
  const cursor = String(body['cursor'])
  for (const [person, given] of [
    [bob, cursor],
    [ann, `${cursor}A`],
  ] as const) {
    const refused = await person.ask('GET', after(given))
    expect(refused.status).toBe(422)
    expect(refused.body['errors']).toMatchObject([{ loc: ['query', 'cursor'], type: 'cursor_invalid' }])
    const stream = await person.ask('GET', '/changes/stream', { headers: { 'Last-Event-ID': given } })
    expect(stream.status).toBe(422)
    expect(stream.body['errors']).toMatchObject([{ loc: ['header', 'Last-Event-ID'], type: 'cursor_invalid' }])
  }
})

test('a reader who was away for longer than erased notes are listed has to start again', async () => {
  const ann = await enrol(server)
  const erased = await newNote(ann, { title: 'A' })
  const away = (await ann.ask('GET', '/changes')).body['cursor']
  await eraseLongAgo(ann, erased)
  await newNote(ann, { title: 'B' })
  for (const path of [after(away), `/changes/stream?cursor=${String(away)}`]) {
    const refused = await ann.ask('GET', path)
    expect([refused.status, refused.body['type']]).toEqual([410, '/problems/cursor-expired'])
  }
  const again = await ann.ask('GET', '/changes?limit=1')
  expect(again.status).toBe(200)
  expect((await ann.ask('GET', after(again.body['cursor']))).status).toBe(200)
})

test('a reader who is half-way through its first reading is not sent back by what it never had', async () => {
  const ann = await enrol(server)
  const erased = await newNote(ann, { title: 'A' })
  const [first, second] = [await newNote(ann, { title: 'B' }), await newNote(ann, { title: 'C' })]
  await eraseLongAgo(ann, erased)
  const page = await ann.ask('GET', '/changes?limit=1')
  const rest = await ann.ask('GET', after(page.body['cursor']))
  expect([page.status, rest.status]).toEqual([200, 200])
  expect([page, rest].flatMap((answer) => changesIn(answer).map(({ note_id }) => note_id))).toEqual([
    first.id,
    second.id,
  ])
})

test('after a restored backup all cursors have to start again, and new ones are good', async () => {
  const ann = await enrol(server)
  await newNote(ann)
  const { cursor } = (await ann.ask('GET', '/changes')).body
  await sql`update change_epoch set origin = 'the cluster that the backup was made of'`.execute(server.db)
  expect((await ann.ask('GET', after(cursor))).status).toBe(410)
  const { body } = await ann.ask('GET', '/changes')
  expect((await ann.ask('GET', after(body['cursor']))).status).toBe(200)
})
