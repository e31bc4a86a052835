import { isDeepStrictEqual } from 'node:util'
import { enrol } from '../../support/people.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import { alone, fieldsOf, plain, stored, succeed } from './states.ts'

/** What the answer says of the note, and whether the database says the same, its tags and its history too. */
export async function written(seen: Seen<State>): Promise<Record<string, unknown>> {
  const { body } = seen.answer
  const row = (await stored(seen)).at(-1) ?? {}
  const isStored = isDeepStrictEqual(
    { ...fieldsOf(row), version: row['version'], found_by: row['found_by'], earlier: row['earlier'] },
    { ...fieldsOf(body), version: body['version'], found_by: body['tags'], earlier: Number(body['version']) - 1 },
  )
  return { ...fieldsOf(body), version: body['version'], isStored }
}

export const many = Array.from({ length: 32 }, (_, index) => `tag ${index}`)
export const note = { ...plain, version: 1, isStored: true }
const fresh = alone({ body: { title: 'First', content: 'Hello' } })

export const createEffects: readonly Effect[] = [
  effect('createNote', 'body title', {
    given: fresh,
    sees: written,
    samples: [
      ['First', note],
      [' Second 🍰 ', { ...note, title: ' Second 🍰 ' }],
    ],
  }),
  effect('createNote', 'body content', {
    given: fresh,
    sees: written,
    samples: [
      ['Hello', note],
      [undefined, { ...note, content: '' }],
      ['', { ...note, content: '' }],
      ['# a\r\n\tb ', { ...note, content: '# a\r\n\tb ' }],
    ],
  }),
  effect('createNote', 'body tags', {
    given: fresh,
    sees: written,
    samples: [
      [undefined, note],
      [[], note],
      [['b', 'A', 'B'], { ...note, tags: ['b', 'A'] }],
      [many, { ...note, tags: many }],
    ],
  }),
  ...(['is_public', 'is_pinned', 'is_archived'] as const).map((flag) =>
    effect('createNote', `body ${flag}`, {
      given: fresh,
      sees: written,
      samples: [
        [undefined, note],
        [false, note],
        [true, { ...note, [flag]: true }],
      ],
    }),
  ),
  effect('createNote', 'header Idempotency-Key', {
    given: async (server) => {
      const person = await enrol(server)
      const body = { title: 'First', content: 'Hello' }
      await succeed(person.ask('POST', '/notes', { body, headers: { 'Idempotency-Key': 'once' } }))
      return { person, request: { body } }
    },
    sees: async (seen) => ({
      notes: (await stored(seen)).length,
      replayed: seen.answer.headers.get('idempotency-replayed'),
    }),
    samples: [
      [undefined, { notes: 2, replayed: null }],
      ['once', { notes: 1, replayed: 'true' }],
      ['another', { notes: 2, replayed: null }],
    ],
  }),
  effect('createNote', 'header Idempotency-Key', {
    guards: true,
    given: async (server) => {
      const person = await enrol(server)
      await succeed(
        person.ask('POST', '/notes', {
          body: { title: 'First', content: 'Hello' },
          headers: { 'Idempotency-Key': 'once' },
        }),
      )
      return { person, request: { body: { title: 'Second', content: 'Hello' } } }
    },
    sees: async (seen) => (await stored(seen)).map(({ title }) => title),
    samples: [
      ['another', ['First', 'Second']],
      ['once', ['First'], 422],
    ],
  }),
]
