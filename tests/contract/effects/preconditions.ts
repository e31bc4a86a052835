import { sql } from 'kysely'
import { newNote } from '../../notes/new-note.ts'
import { ask, enrol, type Person, sessionIdOf } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import type { Request } from './request.ts'
import { fieldsOf, plain, rich, stored, succeed, withKey } from './states.ts'

export type Author = 'session' | 'api_key' | 'unknown'

interface Changed extends State {
  readonly key: string
}

/** A note that `author` wrote as `base` and that a session then changed, and a request about it. */
export function changedSince(
  base: Readonly<Record<string, unknown>>,
  author: Author,
  now: Readonly<Record<string, unknown>>,
  request: Request,
) {
  return async (server: TestServer): Promise<Changed> => {
    const person = await enrol(server)
    const { id: key, key: secret } = await withKey(person)
    const writer: Person =
      author === 'api_key'
        ? {
            ...person,
            ask: (method, path, given) =>
              ask(server, method, path, { ...given, headers: { Authorization: `Bearer ${secret}` } }),
          }
        : person
    const { id, path } = await newNote(writer, base)
    if (author === 'unknown')
      await sql`update notes set changed_by_kind = null, changed_by_id = null where id = ${id}`.execute(server.db)
    await succeed(person.ask('PUT', path, { body: now }))
    return { person, key, request: { ...request, path: { note_id: id, ...request.path } } }
  }
}

/** The fields of a version, its number and its author. */
export function versionOf(value: unknown, { person, key }: Changed): unknown {
  if (value === undefined) return undefined
  const {
    created_by: by,
    version,
    ...note
  } = value as Record<string, unknown> & { created_by?: { kind: string; id?: string } }
  if (by === undefined) return { ...fieldsOf(note), version }
  const isRight = by.id === { session: sessionIdOf(person), api_key: key }[by.kind]
  return { ...fieldsOf(note), version, by: isRight ? by.kind : 'another' }
}

async function refused(seen: Seen<Changed>): Promise<unknown> {
  const { answer, state } = seen
  if (answer.status !== 412)
    return (await stored(seen)).map(({ content, version, is_trashed }) => ({ content, version, is_trashed }))
  const { current, base } = answer.body
  return { current: versionOf(current, state), base: versionOf(base, state), etag: answer.headers.get('etag') }
}

/** The operations with If-Match, each with a request and its result for a note in version 2. */
const operations = [
  ['updateNote', { body: { content: 'Mine' } }, { content: 'Mine', version: 3, is_trashed: false }],
  ['patchNote', { body: { content: 'Mine' } }, { content: 'Mine', version: 3, is_trashed: false }],
  ['deleteNote', {}, { content: 'Now', version: 2, is_trashed: true }],
  [
    'editNote',
    { body: { edits: [{ op: 'replace_text', find: 'Now', replace: 'Then' }] } },
    { content: 'Then', version: 3, is_trashed: false },
  ],
  ['restoreRevision', { path: { version: '1' } }, { content: 'Before', version: 3, is_trashed: false }],
] as const

const [before, now] = ['Before', 'Now'].map((content) => ({ content }))

export const preconditionEffects: readonly Effect[] = operations.flatMap(([operation, request, done]) => {
  const guard = (base: Record<string, unknown>, author: Author, current: Record<string, unknown>, isShort: boolean) => {
    const shown = { current: { ...current, version: 2 }, base: { ...base, version: 1, by: author }, etag: '"2"' }
    return effect(operation, 'header If-Match', {
      guards: true,
      given: changedSince(base, author, current, request),
      sees: refused,
      samples: [
        ['"1"', shown, 412],
        ['"2"', [done]],
        ...(isShort
          ? []
          : ([
              [undefined, [done]],
              ['*', [done]],
              ['"9", "2"', [done]],
              ['W/"2"', { ...shown, base: undefined }, 412],
              ['"7"', { ...shown, base: undefined }, 412],
            ] as const)),
      ],
    })
  }
  return [
    guard({ ...plain, ...before }, 'session', { ...rich, ...now }, false),
    guard({ ...rich, ...before }, 'api_key', { ...plain, ...now }, true),
    guard({ ...plain, ...before }, 'unknown', { ...plain, ...now }, true),
    ...threeVersions(operation, request),
  ]
})

/** A note in version 3: `base` is the latest of the versions that If-Match names. */
function threeVersions(operation: (typeof operations)[number][0], request: Request): Effect[] {
  const given = async (server: TestServer): Promise<Changed> => {
    const state = await changedSince(
      { ...plain, content: 'Before' },
      'session',
      { content: 'Between' },
      request,
    )(server)
    await succeed(
      state.person.ask('PUT', `/notes/${String(state.request?.path?.['note_id'])}`, { body: { content: 'Latest' } }),
    )
    return state
  }
  return [
    effect(operation, 'header If-Match', {
      guards: true,
      given,
      sees: refused,
      samples: [
        ['"1"', told(1, 'Before'), 412],
        ['"1", "2"', told(2, 'Between'), 412],
      ],
    }),
  ]
}

function told(version: number, content: string) {
  return {
    current: { ...plain, content: 'Latest', version: 3 },
    base: { ...plain, content, version, by: 'session' },
    etag: '"3"',
  }
}
