import { expect } from 'vitest'
import { object, type Json } from '../../../src/contract/document/document.ts'
import { newNote } from '../../notes/new-note.ts'
import { document } from '../harness/document-examples.ts'
import { about, claim, INFO, type Measure } from './claims.ts'
import type { Lab } from './lab.ts'

/** The bound of a schema, whose edge bounds.test.ts measures wherever it is sent. */
function sameAs(...path: readonly string[]): Measure {
  return async ({ value }) => {
    const bound = ['components', ...path].reduce<Json | undefined>(
      (current, key) => object(current)[key],
      document.root,
    )
    expect(bound).toBe(value)
  }
}

const schema = (name: string, property: string, keyword: string): Measure =>
  sameAs('schemas', name, 'properties', property, keyword)

/** What answers a note with something that is too much. */
function beyond(fields: Readonly<Record<string, unknown>>): Measure {
  return async ({ value }, lab) => {
    const { ask } = await lab.person()
    expect((await ask('POST', '/notes', { body: { title: 'A', content: 'B', ...fields } })).status).toBe(value)
  }
}

const many = <T>(item: T): T[] => Array.from({ length: 1_000 }, () => item)

const beyondMany: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { id, path } = await newNote(person)
  expect(
    (await person.ask('POST', `${path}/edits`, { body: { edits: many({ op: 'append', text: 'x' }) } })).status,
  ).toBe(value)
  expect(
    (await person.ask('POST', '/notes/batch', { body: { actions: many({ note_id: id, action: 'pin' }) } })).status,
  ).toBe(value)
}

const manyAtOnce: Measure = async (figure, lab) => {
  await schema('NoteEdits', 'edits', 'maxItems')(figure, lab)
  await schema('NoteActions', 'actions', 'maxItems')(figure, lab)
}

const isKept = async (lab: Lab, id: string): Promise<boolean> =>
  (await lab.ask('GET', '/health/live', { headers: { 'X-Request-Id': id } })).headers.get('x-request-id') === id

const shortestId: Measure = async ({ value }, lab) => {
  expect(await isKept(lab, 'a'.repeat(value))).toBe(true)
  expect(await isKept(lab, 'a'.repeat(value - 1))).toBe(false)
}

const longestId: Measure = async ({ value }, lab) => {
  expect(await isKept(lab, 'a'.repeat(value))).toBe(true)
  expect(await isKept(lab, 'a'.repeat(value + 1))).toBe(false)
}

const momentWith = (digits: number): string => `2026-11-22T10:16:40.${'1234567891'.slice(0, digits)}Z`

/** So many digits are told of a moment that has them; a request may have more, and they are cut off. */
const fractionalDigits: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { id, path } = await newNote(person)
  await lab.server.db
    .updateTable('notes')
    .set({ created_at: momentWith(value) })
    .where('id', '=', id)
    .execute()
  expect((await person.ask('GET', path)).body['created_at']).toBe(momentWith(value))
  await lab.server.db
    .updateTable('notes')
    .set({ updated_at: momentWith(value) })
    .where('id', '=', id)
    .execute()
  expect((await person.ask('GET', `/notes?updated_since=${momentWith(value + 1)}`)).list).toHaveLength(1)
}

/** Of a filter with this number: what is listed is what is so, or is not so, as it says behind the number. */
const asBoolean =
  (filter: string): Measure =>
  async ({ value }, lab) => {
    const person = await lab.person()
    for (const is of [true, false]) await newNote(person, { [filter]: is })
    const { list } = await person.ask('GET', `/notes?${filter}=${value}`)
    expect(list.map((note) => note[filter])).toEqual([value === 1])
  }

const versionTags = (count: number): string => Array.from({ length: count }, (_, index) => `"${index + 1}"`).join(', ')

const entityTags: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { path } = await newNote(person)
  for (const [count, status] of [
    [value - 1, 422],
    [value, 200],
    [value + 1, 200],
  ] as const) {
    const { status: given } = await person.ask('PUT', path, {
      body: { title: 'First' },
      headers: { 'If-Match': versionTags(count) },
    })
    expect(given, `${count} tags`).toBe(status)
  }
}

const blanksBetween: Measure = async ({ value }, lab) => {
  const { ask } = await lab.person()
  const make = (blanks: number) =>
    ask('POST', '/notes', { body: { title: 'A', content: 'B', tags: [`to${' '.repeat(blanks)}do`] } })
  expect((await make(value)).body['tags']).toEqual([`to${' '.repeat(value)}do`])
  expect((await make(value + 1)).status).toBe(422)
}

/** Of these spellings so many are different tags. */
const sameTags: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  for (const spellings of [
    ['Work', 'work', 'WORK'],
    ['Straße', 'STRASSE', 'strasse'],
  ]) {
    const { body } = await person.ask('POST', '/notes', { body: { title: 'A', content: 'B', tags: spellings } })
    expect(body['tags']).toHaveLength(value)
  }
}

const sameAccounts: Measure = async ({ value }, lab) => {
  const email = `user-${lab.clock.now()}@example.com`
  const statuses = []
  for (const spelling of [email, email.toUpperCase()])
    statuses.push(
      (await lab.ask('POST', '/auth/register', { body: { email: spelling, password: 'securepass123' } })).status,
    )
  expect(statuses.filter((status) => status === 201)).toHaveLength(value)
}

const PASSWORDS = [
  '/components/schemas/UserCreate/properties/password',
  '/components/schemas/PasswordChange/properties/new_password',
]

export const fieldClaims = [
  ...[
    ['IsPublic', 'is_public'] as const,
    ['IsPinned', 'is_pinned'] as const,
    ['IsArchived', 'is_archived'] as const,
  ].map(([name, filter]) =>
    claim(
      `/components/parameters/${name}/description`,
      '`#` and `#` mean `true` and `false`;',
      asBoolean(filter),
      asBoolean(filter),
    ),
  ),
  claim(
    INFO,
    '| the title of a note | # characters | # |',
    schema('NoteCreate', 'title', 'maxLength'),
    beyond({ title: 'x'.repeat(2_000) }),
  ),
  claim(
    INFO,
    '| the content of a note | # characters | # |',
    schema('NoteCreate', 'content', 'maxLength'),
    beyond({ content: 'x'.repeat(1_500_000) }),
  ),
  claim(
    INFO,
    '| tags of a note | #, each of # characters | # |',
    schema('NoteCreate', 'tags', 'maxItems'),
    sameAs('schemas', 'Tag', 'maxLength'),
    beyond({ tags: ['x'.repeat(500)] }),
  ),
  claim(INFO, '| edits in a request, actions in a batch | # | # |', manyAtOnce, beyondMany),
  claim('/paths/~1notes~1batch/post/summary', 'up to # notes', schema('NoteActions', 'actions', 'maxItems')),
  ...PASSWORDS.map((place) => {
    const [name = '', , property = ''] = place.split('/').slice(3)
    return claim(
      `${place}/description`,
      '# to # characters of any kind',
      schema(name, property, 'minLength'),
      schema(name, property, 'maxLength'),
    )
  }),
  claim(
    '/paths/~1notes~1{note_id}/put/requestBody/description',
    'at least #.',
    sameAs('schemas', 'NoteUpdate', 'minProperties'),
  ),
  claim(INFO, 'Send your own (# to # letters', shortestId, longestId),
  claim(INFO, 'with up to # fractional digits.', fractionalDigits),
  claim('/components/schemas/Timestamp/description', 'with up to # fractional digits.', fractionalDigits),
  claim('/components/schemas/EntityTags/description', 'or # or more entity tags', entityTags),
  claim('/components/schemas/Tag/description', 'with # spaces between', blanksBetween),
  claim('/components/schemas/Tag/description', 'so `Work` and `work` are # tag, and so are', sameTags),
  claim(about('registerUser'), '`user@example.com` are # account.', sameAccounts),
]
