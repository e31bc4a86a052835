import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { expect } from 'vitest'
import { newNote } from '../../notes/new-note.ts'
import { type Answer, form, logIn, type Person, userIdOf } from '../../support/people.ts'
import { answers } from './answer-status.ts'
import { about, claim, type Claim, INFO, type Measure } from './claims.ts'

/** Sends a request of somebody's to a note of theirs. */
function withNote(method: string, rest: string, options: Parameters<Person['ask']>[2] = {}): Measure {
  return answers(async (person) => person.ask(method, `${(await newNote(person)).path}${rest}`, options))
}

/** The answer to the same request when it has succeeded before. */
function again(request: (person: Person) => Promise<() => Promise<Answer>>): Measure {
  return answers(async (person) => {
    const send = await request(person)
    expect([200, 201, 204]).toContain((await send()).status)
    return send()
  })
}

const deleteTwice = again(async (person) => {
  const { path } = await newNote(person)
  return () => person.ask('DELETE', path)
})

const stale = { headers: { 'If-Match': '"7"' }, body: { title: 'Other' } } as const

/** A version that the history does not keep cannot be merged with. */
const mergeWithoutBase = answers(async (person, { server }) => {
  const { id, path } = await newNote(person)
  await person.ask('PUT', path, { body: { title: 'Theirs' } })
  await sql`delete from note_revisions where note_id = ${id}`.execute(server.db)
  return person.ask('PATCH', `${path}?on_conflict=merge`, { body: { title: 'Mine' }, headers: { 'If-Match': '"1"' } })
})

const bothChanged = answers(async (person) => {
  const { path } = await newNote(person)
  await person.ask('PUT', path, { body: { title: 'Theirs' } })
  return person.ask('PATCH', `${path}?on_conflict=merge`, { body: { title: 'Mine' }, headers: { 'If-Match': '"1"' } })
})

const otherRequest = answers(async (person) => {
  const create = (title: string) =>
    person.ask('POST', '/notes', { body: { title, content: 'x' }, headers: { 'Idempotency-Key': 'same' } })
  await create('First')
  return create('Second')
})

/** While a transaction of ours holds the lock of the key, the first request is under way. */
/** The first is at another server, which is slow: of it, this one sees the lock of its key. */
const firstUnderWay = answers(async (person, { server }) => {
  const { path } = await newNote(person)
  const edit = { body: { edits: [{ op: 'append', text: 'x' }] }, headers: { 'Idempotency-Key': 'slow' } }
  const name = JSON.stringify([userIdOf(person), 'editNote', 'slow'])
  return server.db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(transaction)
    return person.ask('POST', `${path}/edits`, edit)
  })
})

const registerTwice = answers(async (_, lab) => {
  const body = { email: `twice-${randomUUID()}@example.com`, password: 'securepass123' }
  expect((await lab.ask('POST', '/auth/register', { body })).status).toBe(201)
  return lab.ask('POST', '/auth/register', { body })
})

const revokeKey = again(async (person) => {
  const body = { name: 'Key', scopes: ['notes:read'], current_password: person.password }
  const { body: key } = await person.ask('POST', '/api-keys', { body })
  return () => person.ask('DELETE', `/api-keys/${String(key['id'])}`)
})

const changed = withNote('PUT', '', stale)
const notModified = withNote('GET', '', { headers: { 'If-None-Match': '"1"' } })
const unknownNote = answers((person) => person.ask('GET', `/notes/${randomUUID()}`))

/** A new note, changed with this version as its tag. */
const changeWith = async (person: Person, tag: string): Promise<Answer> =>
  person.ask('PUT', (await newNote(person)).path, { body: { title: 'Mine' }, headers: { 'If-Match': tag } })
const weakly: Measure = async ({ value }, lab) => {
  const { status, body } = await changeWith(await lab.person(), `W/"${value}"`)
  expect([status, body['type'], body['current']]).toMatchObject([412, '/problems/weak-etag', { version: value }])
}
const strongly: Measure = async ({ value }, lab) => {
  expect((await changeWith(await lab.person(), `"${value}"`)).status).toBe(200)
}
const weakTag = answers((person) => changeWith(person, 'W/"1"'))

/** The 412 has the version that was read, while the history keeps it. */
const changedWithBase = answers(async (person) => {
  const { path } = await newNote(person)
  await person.ask('PUT', path, { body: { title: 'Theirs' } })
  const answer = await person.ask('PUT', path, { body: { title: 'Mine' }, headers: { 'If-Match': '"1"' } })
  expect(answer.body).toMatchObject({ base: { version: 1, title: 'First' }, current: { version: 2, title: 'Theirs' } })
  return answer
})

const faultsListed = answers(async ({ ask }) => {
  const answer = await ask('POST', '/notes', { body: { title: 'A', content: 'B', colour: 'red' } })
  expect(answer.body['errors']).toMatchObject([{ loc: ['body', 'colour'], pointer: '/colour' }])
  return answer
})

const deletedNote = answers(async (person) => {
  const { path } = await newNote(person)
  await person.ask('DELETE', path)
  return person.ask('GET', path)
})

const endedSession = answers(async (person, lab) => {
  const other = await logIn(lab.server, person.email, person.password)
  const session = (await other.ask('GET', '/users/me/sessions')).list.find((one) => one['is_current'] === true)
  const end = () => person.ask('DELETE', `/users/me/sessions/${String(session?.['id'])}`)
  expect((await end()).status).toBe(204)
  return end()
})

const failedAction = answers((person) =>
  person.ask('POST', '/notes/batch', { body: { actions: [{ note_id: randomUUID(), action: 'pin' }] } }),
)

const succeededAction = answers(async (person) => {
  const { id } = await newNote(person)
  const { body } = await person.ask('POST', '/notes/batch', { body: { actions: [{ note_id: id, action: 'pin' }] } })
  const [result] = body['results'] as { status: number }[]
  return { status: Number(result?.status) }
})

const unknownToken = answers((_, lab) => {
  return lab.ask('POST', '/auth/revoke', form({ token: 'nrt_unknown' }))
})

const noSuchHeading = withNote('POST', '/edits', {
  body: { edits: [{ op: 'insert_under', heading: 'None', text: 'x' }] },
})
const liveNoteInTrash = (method: string, rest: string): Measure => {
  return answers(async (person) => person.ask(method, `/trash/${(await newNote(person)).id}${rest}`))
}

export const answerClaims: readonly Claim[] = [
  claim(INFO, 'since you read it, you get # with the current note', changed),
  claim(INFO, 'on a read answers # while nothing has changed.', notModified),
  claim(INFO, 'The # also has `base`', changedWithBase),
  claim(INFO, 'makes tags weak: `W/"#"`', weakly),
  claim(INFO, 'the # says so.', weakTag),
  claim('problem-kinds/weak-etag/description', 'by a weak tag, such as W/"#",', weakly),
  claim('problem-kinds/weak-etag/remedy', 'such as If-Match: "#".', strongly),
  claim(INFO, 'A different request with that key gets #.', otherRequest),
  claim(INFO, 'the second waits for it, and gets # if that takes too long.', firstUnderWay),
  claim(INFO, 'repeating it answers # and creates no second account.', registerTwice),
  claim(INFO, 'A # lists each error', faultsListed),
  claim(INFO, 'exactly like an unknown one: #.', unknownNote),
  claim(about('revokeToken'), 'already revoked token answers # as well', unknownToken),
  claim(about('revokeSession'), 'A session that has ended answers #.', endedSession),
  claim(about('revokeApiKey'), 'time answers #.', revokeKey),
  claim(about('changeNotes'), 'The reply is # whenever the actions were tried', failedAction),
  claim('/components/schemas/ActionResult/properties/status/description', '#, or the status', succeededAction),
  claim(about('getNote'), 'it answers # and no body', notModified),
  claim(about('updateNote'), 'otherwise # and nothing changes.', changed),
  claim(about('patchNote'), 'changed the same place, # lists', bothChanged),
  claim(about('patchNote'), 'no longer in the history, the reply is #.', mergeWithoutBase),
  claim(about('deleteNote'), 'it answers # and is in no list.', deletedNote),
  claim(about('deleteNote'), 'time answers #.', deleteTwice),
  claim(about('editNote'), 'otherwise # names the edit', noSuchHeading),
  claim(about('eraseNote'), 'not in the trash answers # and stays.', liveNoteInTrash('DELETE', '')),
  claim(about('restoreNote'), 'not in the trash answers #.', liveNoteInTrash('POST', '/restore')),
  claim(
    '/components/parameters/OnConflict/description',
    '`refuse` answers #,',
    withNote('PATCH', '?on_conflict=refuse', stale),
  ),
]
