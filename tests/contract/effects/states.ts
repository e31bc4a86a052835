import { sql } from 'kysely'
import type { Json } from '../../../src/contract/document/document.ts'
import { newNote, nextOf } from '../../notes/new-note.ts'
import { type Answer, enrol, type Person, userIdOf } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import type { Seen, State } from './effect.ts'
import type { Request } from './request.ts'

/** One state for several effects that only read: made once for a server, and combined with each request. */
export function sharing<S extends State>(make: (server: TestServer) => Promise<S>) {
  const made = new WeakMap<TestServer, Promise<S>>()
  return (request: Request | ((state: S) => Request) = {}) =>
    async (server: TestServer): Promise<S> => {
      const state = made.get(server) ?? make(server)
      made.set(server, state)
      const mine = await state
      const { path, query } = typeof request === 'function' ? request(mine) : request
      return { ...mine, request: { ...mine.request, path: { ...mine.request?.path, ...path }, query: { ...query } } }
    }
}

export interface NoteState extends State {
  readonly id: string
  readonly path: string
}

/** A new person without notes, and this request. */
export function alone(request: Request = {}): (server: TestServer) => Promise<State> {
  return async (server) => ({ person: await enrol(server), request })
}

/** A new person with one note that was changed in these ways since, and a request about it. */
export function withNote(
  fields: Readonly<Record<string, unknown>>,
  request: Request = {},
  ...changes: readonly Readonly<Record<string, unknown>>[]
): (server: TestServer) => Promise<NoteState> {
  return async (server) => {
    const person = await enrol(server)
    const note = await newNote(person, fields)
    for (const change of changes) await succeed(person.ask('PUT', note.path, { body: change }))
    return { ...note, person, request: { ...request, path: { note_id: note.id, ...request.path } } }
  }
}

export interface TwoNotes extends State {
  readonly one: string
  readonly two: string
}

/** A new person with two notes that differ only in their text, each changed once, and a request that names one of them. */
export function withTwoNotes(request: Request = {}, isTrashed = false): (server: TestServer) => Promise<TwoNotes> {
  return async (server) => {
    const person = await enrol(server)
    const [one, two] = [
      await newNote(person, { title: 'One', content: 'one' }),
      await newNote(person, { title: 'Two', content: 'two' }),
    ]
    for (const { path } of [one, two]) {
      const { body } = await person.ask('GET', path)
      await succeed(person.ask('PUT', path, { body: { content: `${String(body['content'])} more` } }))
      if (isTrashed) await succeed(person.ask('DELETE', path))
    }
    return { person, request, one: one.id, two: two.id }
  }
}

export const theOne = ({ one }: TwoNotes): Json => one
export const theTwo = ({ two }: TwoNotes): Json => two

export async function succeed(answer: Promise<Answer>): Promise<Answer> {
  const { status, text } = await answer
  if (status >= 300) throw new Error(`A state could not be made: ${text}`)
  return answer
}

/** The fields of a note that a request can set, with the values that `newNote` gives them. */
export const plain = {
  title: 'First',
  content: 'Hello',
  is_public: false,
  tags: [],
  is_pinned: false,
  is_archived: false,
}

/** The same fields, all with other values. */
export const rich = {
  title: 'Rich',
  content: 'Words',
  is_public: true,
  tags: ['a', 'b'],
  is_pinned: true,
  is_archived: true,
}

export function fieldsOf(note: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(plain).map((name) => [name, note[name]]))
}

/** The notes of a person as the database stores them, oldest first. */
export async function stored({
  state,
  server,
}: Pick<Seen<State>, 'state' | 'server'>): Promise<Record<string, unknown>[]> {
  const { rows } = await sql<Record<string, unknown>>`
    select title, content, is_public, tags, is_pinned, is_archived, version, deleted_at is not null as is_trashed,
      array(select tag from note_tags t where t.note_id = notes.id order by position) as found_by,
      (select count(*)::int from note_revisions r where r.note_id = notes.id) as earlier
    from notes where owner_id = ${userIdOf(state.person)} order by created_at, id`.execute(server.db)
  return rows
}

/** The titles of the notes in the answer. */
export function titles({ answer }: Pick<Seen<State>, 'answer'>): unknown[] {
  return answer.list.map(({ title }) => title)
}

export function column(name: string): (seen: Pick<Seen<State>, 'answer'>) => unknown[] {
  return ({ answer }) => answer.list.map((entry) => entry[name])
}

/** The cursor of the page after the one at an address. */
export async function cursorAfter(person: Person, address: string): Promise<string> {
  const { headers } = await succeed(person.ask('GET', address))
  const cursor = new URLSearchParams(nextOf(headers)?.split('?')[1]).get('cursor')
  if (cursor === null) throw new Error(`${address} is the last page`)
  return cursor
}

/** Makes an API key with these scopes for a person. */
export async function withKey(
  person: Person,
  scopes: readonly string[] = ['notes:read', 'notes:write'],
  name = 'A key',
): Promise<{ id: string; key: string }> {
  const body = { name, scopes, current_password: person.password }
  const made = await succeed(person.ask('POST', '/api-keys', { body }))
  return { id: String(made.body['id']), key: String(made.body['key']) }
}

export function numbered(from: number, to: number, prefix = 'n'): string[] {
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => {
    return `${prefix}${String(from < to ? from + index : from - index).padStart(5, '0')}`
  })
}

/** Makes many notes with one statement: `n00001`, `n00002` and so on, one second apart. */
export async function manyNotes(
  server: TestServer,
  person: Person,
  count: number,
  fields: { trashed?: boolean } = {},
): Promise<void> {
  await sql`
    insert into notes (id, owner_id, title, content, created_at, updated_at, deleted_at)
    select gen_random_uuid(), ${userIdOf(person)}, 'n' || lpad(n::text, 5, '0'), 'x', moment, moment,
      case when ${fields.trashed === true} then moment end
    from generate_series(1, ${count}::int) n, lateral (select now() - interval '1 day' + n * interval '1 second' as moment) m`.execute(
    server.db,
  )
}
