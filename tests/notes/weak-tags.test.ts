import { describe, expect, test } from 'vitest'
import { operations } from '../contract/harness/document-examples.ts'
import { usePerson, useServer } from '../support/fixtures.ts'
import type { Answer } from '../support/people.ts'
import { newNote } from './new-note.ts'

const server = useServer()
const ann = usePerson(server)

const EDIT = { edits: [{ op: 'append', text: 'x' }] }

/** Every operation with If-Match, on a note in version 2. */
const writes: readonly (readonly [operationId: string, method: string, suffix: string, body: object | undefined])[] = [
  ['updateNote', 'PUT', '', { title: 'New' }],
  ['patchNote', 'PATCH', '', { title: 'New' }],
  ['patchNote', 'PATCH', '?on_conflict=merge', { title: 'New' }],
  ['deleteNote', 'DELETE', '', undefined],
  ['editNote', 'POST', '/edits', EDIT],
  ['editNote', 'POST', '/edits', { ...EDIT, dry_run: true }],
  ['restoreRevision', 'POST', '/revisions/1/restore', undefined],
]

test('the table has every operation with If-Match', () => {
  const guarded = operations.filter(({ parameters }) => parameters.some(({ name }) => name === 'If-Match'))
  expect([...new Set(writes.map(([operationId]) => operationId))].toSorted()).toEqual(
    guarded.map(({ operationId }) => operationId).toSorted(),
  )
})

describe.each(writes)('%s (%s %s)', (_, method, suffix, body) => {
  async function attempt(tag: string): Promise<{ answer: Answer; path: string }> {
    const { path } = await newNote(ann, { title: 'Old' })
    await ann.ask('PUT', path, { body: { content: 'Second' } })
    return { answer: await ann.ask(method, `${path}${suffix}`, { body, headers: { 'If-Match': tag } }), path }
  }

  test.each(['W/"2"', 'W/"1", W/"2"', '"9", W/"2"'])(
    'a weak tag of the current version, as in %s, is told as such; the tag that the reply names succeeds',
    async (tag) => {
      const { answer, path } = await attempt(tag)
      expect([answer.status, answer.body['type'], answer.headers.get('etag')]).toEqual([
        412,
        '/problems/weak-etag',
        '"2"',
      ])
      const now = await ann.ask('GET', path)
      expect(answer.body['current']).toEqual(now.body)
      expect(now.body['version']).toBe(2)
      const [, strong = ''] = /Send If-Match: ("\d+"), without/.exec(String(answer.body['detail'])) ?? []
      const again = await ann.ask(method, `${path}${suffix}`, { body, headers: { 'If-Match': strong } })
      expect(again.status).toBe(method === 'DELETE' ? 204 : 200)
    },
  )

  test('a weak tag of the version that was read before is told as a change, with that version', async () => {
    const { answer } = await attempt('W/"1"')
    expect([answer.status, answer.body['type'], answer.body['detail']]).toEqual([
      412,
      '/problems/note-changed',
      'The note was changed since you read it.',
    ])
    expect(answer.body['base']).toMatchObject({ version: 1 })
  })

  test.each(['"7"', 'W/"7"', '"other"', 'W/"02"'])(
    '%s is not called a change, because it was never read',
    async (tag) => {
      const { answer } = await attempt(tag)
      expect([answer.status, answer.body['type'], answer.body['detail']]).toEqual([
        412,
        '/problems/note-changed',
        'The note is at version 2, and never was at a version that you named.',
      ])
    },
  )

  test('a weak tag beside the strong one of the current version does no harm', async () => {
    expect((await attempt('W/"2", "2"')).answer.status).toBe(method === 'DELETE' ? 204 : 200)
  })
})

test.each(['"1"', 'W/"1"', '"9", W/"1"', '*'])('a read with If-None-Match: %s answers 304', async (tag) => {
  const { path } = await newNote(ann)
  expect((await ann.ask('GET', path, { headers: { 'If-None-Match': tag } })).status).toBe(304)
})

test('a reply with a tag forbids proxies to compress it, which would make the tag weak; another reply does not', async () => {
  const { path } = await newNote(ann)
  const tagged = await Promise.all([
    ann.ask('GET', path),
    ann.ask('GET', path, { headers: { 'If-None-Match': '"1"' } }),
    ann.ask('PUT', path, { body: { title: 'x' }, headers: { 'If-Match': '"9"' } }),
  ])
  expect(tagged.map(({ status }) => status)).toEqual([200, 304, 412])
  for (const { headers } of tagged) expect(headers.get('cache-control')).toBe('private, no-store, no-transform')
  expect((await ann.ask('GET', '/notes')).headers.get('cache-control')).toBe('private, no-store')
})
