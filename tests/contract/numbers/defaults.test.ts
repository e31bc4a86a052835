import { describe, expect, test } from 'vitest'
import { useFixture } from '../../support/fixtures.ts'
import { at, isObject, type Json, type Place } from '../../../src/contract/document/document.ts'
import { newNote } from '../../notes/new-note.ts'
import { document, operations } from '../harness/document-examples.ts'
import { textOf } from './edge-requests.ts'
import { keyLivesFor } from './keys.ts'
import { openLab } from './lab.ts'

const lab = useFixture(openLab, (opened) => opened.close())

/** What happens when a parameter or field is left out: what the contract gives as its default. */
type Held = (fallback: Json) => Promise<unknown>

const pageOf = (path: string): Held => {
  return async (fallback) => {
    const person = await lab.person()
    const { id } = await newNote(person, { tags: ['a', 'b', 'c'] })
    const [left, sent] = [path, `${path}?limit=${textOf(fallback)}`].map((address) =>
      person.ask('GET', address.replace('{note_id}', id)),
    )
    expect((await left)?.text).toBe((await sent)?.text)
  }
}

const ofNewNote = (name: string): Held => {
  return async (fallback) => {
    const person = await lab.person()
    const { path } = await newNote(person)
    expect((await person.ask('GET', path)).body[name]).toEqual(fallback)
  }
}

const countsOnly = (path: string): Held => {
  return async (fallback) => {
    const { ask } = await lab.person()
    for (const query of ['', `?count=${textOf(fallback)}`])
      expect((await ask('GET', `${path}${query}`)).headers.has('x-total-count')).toBe(fallback)
  }
}

const sortsBy = (path: string): Held => {
  return async (fallback) => {
    const person = await lab.person()
    const titles = ['b', 'c', 'a']
    for (const title of titles) {
      await newNote(person, { title })
      await lab.clock.pass(1)
    }
    const listed = async (query: string) => (await person.ask('GET', `${path}${query}`)).list.map(({ title }) => title)
    expect(await listed('')).toEqual(titles.toReversed())
    expect(await listed(`?sort=${textOf(fallback)}`)).toEqual(titles.toReversed())
  }
}

const held: Readonly<Record<string, Held>> = {
  // limits.test.ts measures how many that are.
  'listSecurityEvents limit': pageOf('/users/me/security-events'),
  'listNotes limit': pageOf('/notes'),
  'listNoteSummaries limit': pageOf('/notes/summaries'),
  'listRevisions limit': pageOf('/notes/{note_id}/revisions'),
  'listTags limit': pageOf('/tags'),
  'listTrash limit': pageOf('/trash'),
  'listChanges limit': pageOf('/changes'),
  'listNotes count': countsOnly('/notes'),
  'listNoteSummaries count': countsOnly('/notes/summaries'),
  'listTrash count': countsOnly('/trash'),
  'listNotes sort': sortsBy('/notes'),
  'listNoteSummaries sort': sortsBy('/notes/summaries'),
  'patchNote on_conflict': async (fallback) => {
    const person = await lab.person()
    for (const query of ['', `?on_conflict=${textOf(fallback)}`]) {
      const { path } = await newNote(person)
      await person.ask('PUT', path, { body: { title: 'Theirs' } })
      const mine = { body: { content: 'Mine' }, headers: { 'If-Match': '"1"' } }
      expect((await person.ask('PATCH', `${path}${query}`, mine)).status).toBe(412)
    }
  },
  'editNote /dry_run': async (fallback) => {
    const person = await lab.person()
    const { path } = await newNote(person)
    const { body } = await person.ask('POST', `${path}/edits`, { body: { edits: [{ op: 'append', text: 'x' }] } })
    expect(body['dry_run']).toBe(fallback)
    expect((await person.ask('GET', path)).body['version']).toBe(fallback === true ? 1 : 2)
  },
  'changePassword /revoke_api_keys': async (fallback) => {
    const person = await lab.person()
    const { password } = person
    await person.ask('POST', '/api-keys', { body: { name: 'Key', scopes: ['notes:read'], current_password: password } })
    await person.ask('PUT', '/users/me/password', { body: { current_password: password, new_password: password } })
    expect((await person.ask('GET', '/api-keys')).list).toHaveLength(fallback === true ? 0 : 1)
  },
  'createApiKey /expires_in_days': async (fallback) => keyLivesFor(Number(fallback), lab, undefined),
  'createNote /content': async (fallback) => {
    const person = await lab.person()
    const { body } = await person.ask('POST', '/notes', { body: { title: 'First' } })
    expect((await person.ask('GET', `/notes/${String(body['id'])}`)).body['content']).toBe(fallback)
  },
  'createNote /is_public': ofNewNote('is_public'),
  'createNote /tags': ofNewNote('tags'),
  'createNote /is_pinned': ofNewNote('is_pinned'),
  'createNote /is_archived': ofNewNote('is_archived'),
}

interface Default {
  readonly name: string
  readonly fallback: Json
}

const defaults: readonly Default[] = operations.flatMap(({ operationId, parameters, body }) => [
  ...parameters.flatMap(({ name, schema }) => defaultOf(`${operationId} ${name}`, schema)),
  ...[...(body?.content.values() ?? [])]
    .slice(0, 1)
    .flatMap((schema) =>
      Object.keys(isObject(schema.value['properties']) ? schema.value['properties'] : {}).flatMap((name) =>
        defaultOf(`${operationId} /${name}`, at(document.root, schema, 'properties', name)),
      ),
    ),
])

function defaultOf(name: string, { value }: Place): Default[] {
  return value['default'] === undefined ? [] : [{ name, fallback: value['default'] }]
}

test('every default of the contract is measured', () => {
  expect(Object.keys(held).toSorted()).toEqual(defaults.map(({ name }) => name).toSorted())
})

test.each(defaults)('$name is $fallback when left out', async ({ name, fallback }) => {
  await held[name]?.(fallback)
})

describe('an API key lives for the days it was made for, to the millisecond', () => {
  const { value } = at(
    document.root,
    { pointer: '', value: document.root },
    'components',
    'schemas',
    'ApiKeyCreate',
    'properties',
    'expires_in_days',
  )
  test.each(['minimum', 'maximum'])('which are its %s', async (keyword) => {
    await keyLivesFor(Number(value[keyword]), lab, Number(value[keyword]))
  })
})
