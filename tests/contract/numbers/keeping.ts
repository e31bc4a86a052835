import { sql } from 'kysely'
import { expect } from 'vitest'
import { readLifetime } from '../../../src/contract/document/lifetime.ts'
import { purge } from '../../../src/auth/purge.ts'
import { purgeNotes } from '../../../src/notes/purge.ts'
import { type Answer, enrol, logIn, type Person } from '../../support/people.ts'
import { startServer } from '../../support/server.ts'
import { newNote, nextOf } from '../../notes/new-note.ts'
import { about, claim, INFO, type Measure } from './claims.ts'
import { type Lab, STEP } from './lab.ts'

/** What every server does every few minutes. */
export async function houseKeeping({ server, settings }: Lab): Promise<void> {
  await purge(server.db, () => false)
  await purgeNotes(server.db, settings, () => false)
}

const createOnce = ({ ask }: Person, key: string): Promise<Answer> =>
  ask('POST', '/notes', { body: { title: 'Once', content: 'once' }, headers: { 'Idempotency-Key': key } })

const keyKept: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const first = await createOnce(person, 'kept')
  await lab.clock.pass(value - STEP)
  await houseKeeping(lab)
  const later = await logIn(lab.server, person.email, person.password)
  const repeated = await createOnce(later, 'kept')
  expect([repeated.headers.get('idempotency-replayed'), repeated.text]).toEqual(['true', first.text])
  await lab.clock.pass(STEP)
  const anew = await createOnce(later, 'kept')
  expect([anew.status, anew.headers.get('idempotency-replayed')]).toEqual([201, null])
  expect(anew.text).not.toBe(first.text)
}

/** To how many accounts that use it a key gives the first one's answer. */
const accountsOfKey: Measure = async ({ value }, lab) => {
  const people = [await lab.person(), await lab.person()]
  const answers = await Promise.all(people.map((person) => createOnce(person, 'ours')))
  const notes = new Set(answers.map(({ body }) => body['id']))
  expect(people.length / notes.size).toBe(value)
}

const operationsOfKey: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { path } = await newNote(person)
  await createOnce(person, 'mine')
  const edit = { body: { edits: [{ op: 'append', text: 'x' }] }, headers: { 'Idempotency-Key': 'mine' } }
  const edited = await person.ask('POST', `${path}/edits`, edit)
  expect([edited.status, edited.headers.get('idempotency-replayed')]).toEqual([200, null])
  expect(value).toBe(1)
}

/** By default, and where the operator has set another number of days. */
const trashDays: Measure = async ({ value }, lab) => {
  await keepsInTrash(lab, value)
  const other = { ...lab.settings, trashDays: value + 12 }
  const server = await startServer({ ...other, db: lab.server.db, isRecorded: false })
  await keepsInTrash({ ...lab, server, settings: other }, value + 12)
  await server.stop()
}

export async function keepsInTrash(lab: Lab, value: number): Promise<void> {
  const person = await enrol(lab.server)
  const { path, id } = await newNote(person)
  await person.ask('DELETE', path)
  const [trashed] = (await person.ask('GET', '/trash')).list
  const [deleted, erased] = [trashed?.['deleted_at'], trashed?.['erased_after']].map((moment) =>
    Date.parse(String(moment)),
  )
  expect(Number(erased) - Number(deleted)).toBe(value * 86_400_000)
  await lab.clock.pass(value * 86_400)
  await houseKeeping(lab)
  const later = await logIn(lab.server, person.email, person.password)
  const idsInTrash = async (): Promise<unknown[]> => (await later.ask('GET', '/trash')).list.map((note) => note['id'])
  expect(await idsInTrash()).toEqual([id])
  await lab.clock.pass(STEP)
  await houseKeeping(lab)
  expect(await idsInTrash()).toEqual([])
}

/**
 * Which versions are left when the youngest of them has come to an age: each was written so many seconds before or after
 * the beginning of a day. The version that the note has now is none of them.
 */
async function keptAt(lab: Lab, writtenAt: readonly number[], age: number): Promise<number[]> {
  const person = await lab.person()
  const { path, id } = await newNote(person)
  const midnight = Math.ceil(lab.clock.now() / 86_400_000) * 86_400 + 86_400
  for (const [index, seconds] of writtenAt.entries()) {
    const at = new Date((midnight + seconds) * 1_000).toISOString()
    await sql`insert into note_revisions (note_id, version, text_version, title, tags, is_public, is_pinned, is_archived, created_at)
      select id, ${index + 1}::int, version, title, tags, false, false, false, ${at}::timestamptz from notes where id = ${id}`.execute(
      lab.server.db,
    )
  }
  await sql`update notes set version = 100, text_version = 1 where id = ${id}`.execute(lab.server.db)
  await lab.clock.pass(midnight + (writtenAt.at(-1) ?? 0) + age - lab.clock.now() / 1_000)
  await houseKeeping(lab)
  const later = await logIn(lab.server, person.email, person.password)
  const { list } = await later.ask('GET', `${path}/revisions?limit=100`)
  return list
    .map(({ version }) => Number(version))
    .filter((version) => version < 100)
    .toSorted((a, b) => a - b)
}

const [HOUR, DAY] = [3_600, 86_400]
const LONG = 40 * DAY

const thinnedFrom = (together: readonly number[]): Measure => {
  return async ({ value }, lab) => {
    expect(await keptAt(lab, together, value)).toEqual([1, 2])
    expect(await keptAt(lab, together, value + STEP)).toEqual([1])
  }
}

/** Two versions at the ends of one such time, and one at the beginning of the next: the first of each is left. */
const firstOfEach = (age: number): Measure => {
  return async ({ value }, lab) => expect(await keptAt(lab, [0, value - STEP, value], age)).toEqual([1, 3])
}

const lifetime = (sunset: string) => () =>
  readLifetime({ deprecated: true, 'x-deprecated-since': '2026-01-15', 'x-sunset': sunset }, 'getOld')

const monthsOfWarning: Measure = async ({ value, unit }) => {
  expect(unit).toBe('months')
  const end = new Date(Date.UTC(2026, value, 15))
  expect(lifetime(end.toISOString().slice(0, 10))).not.toThrow()
  end.setUTCDate(14)
  expect(lifetime(end.toISOString().slice(0, 10))).toThrow('too early')
}

const eventsKept: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  await lab.token({ username: person.email, password: 'wrong' })
  await lab.clock.pass(value - STEP)
  await houseKeeping(lab)
  const later = await logIn(lab.server, person.email, person.password)
  expect((await typesOf(later)).filter((type) => type === 'login_failed')).toHaveLength(1)
  await lab.clock.pass(STEP)
  expect(await typesOf(later)).not.toContain('login_failed')
  await lab.clock.pass(STEP)
  await houseKeeping(lab)
  const { rows } = await sql`select from security_events where type = 'login_failed'`.execute(lab.server.db)
  expect(rows).toHaveLength(0)
}

const mostEvents: Measure = async ({ value }, lab) => expect(await typesOf(await eventful(lab))).toHaveLength(value)

const mostFailures: Measure = async ({ value }, lab) => {
  const types = await typesOf(await eventful(lab))
  expect(types.filter((type) => type === 'login_failed')).toHaveLength(value)
}

/** Somebody with far more events of both sorts than are kept. */
async function eventful(lab: Lab): Promise<Person> {
  const person = await lab.person()
  for (const type of ['login_failed', 'email_changed']) {
    await sql`insert into security_events (id, user_id, type) select gen_random_uuid(), id, ${type}
      from users, generate_series(1, 3000) where email = ${person.email}`.execute(lab.server.db)
  }
  await lab.token({ username: person.email, password: 'wrong' })
  return logIn(lab.server, person.email, person.password)
}

async function typesOf(person: Person): Promise<unknown[]> {
  const types: unknown[] = []
  for (let address: string | undefined = '/users/me/security-events?limit=100'; address !== undefined;) {
    const page: Answer = await person.ask('GET', address)
    types.push(...page.list.map(({ type }) => type))
    address = nextOf(page.headers)
  }
  return types
}

const events = about('listSecurityEvents')

export const keepingClaims = [
  claim(INFO, 'with `Idempotency-Replayed: true`, for #.', keyKept),
  claim(INFO, 'A key belongs to # account and # operation.', accountsOfKey, operationsOfKey),
  claim(about('deleteNote'), 'has set (# by default)', trashDays),
  claim(about('listRevisions'), 'after # the first of # is kept', thinnedFrom([0, HOUR - STEP]), firstOfEach(DAY + 1)),
  claim(
    about('listRevisions'),
    'after # the first of #, up to the number and age',
    thinnedFrom([0, DAY - STEP]),
    firstOfEach(LONG),
  ),
  claim(INFO, '; at least # lie between them.', monthsOfWarning),
  claim(events, 'Events are kept for #, at most # of them', eventsKept, mostEvents),
  claim(events, '; # of these are reserved for failed logins', mostFailures),
]
