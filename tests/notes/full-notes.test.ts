import { expect, test } from 'vitest'
import { allRows } from '../contract/harness/database-rows.ts'
import { usePerson, useServer } from '../support/fixtures.ts'

// Its texts are too large to be kept for the judges of all traffic.
const server = useServer({ isRecorded: false })
const ann = usePerson(server)

/** The content that a note may have, in characters. */
const FULL = 1_048_576

/** As a client may write JSON: each text as it is, or with all that is not ASCII escaped. */
const escaped = (json: string): string =>
  json.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

const scripts: [string, string][] = [
  ['letters', 'a'],
  ['quotes, which JSON escapes', '"'],
  ['control characters, which JSON escapes with six bytes', '\u0001'],
  ['Greek', 'λ'],
  ['Japanese', '語'],
  ['emoji, of four bytes each', '😀'],
]

const spellings: [string, (json: string) => string][] = [
  ['as they are', (json) => json],
  ['escaped', escaped],
]

const cases = scripts.flatMap(([script, character]) =>
  spellings
    .filter(([spelling]) => spelling !== 'escaped' || character > '~')
    .map(([spelling, spell]) => ({ script, character, spelling, spell })),
)

const headers = { 'Content-Type': 'application/json' }

test.each(cases)('one character more of $script, sent $spelling, is refused by its number', async (one) => {
  const body = one.spell(JSON.stringify({ title: 'a', content: one.character.repeat(FULL + 1) }))
  const before = await allRows(server.db)
  const refused = await ann.ask('POST', '/notes', { body, headers })
  expect(await allRows(server.db)).toEqual(before)
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toMatchObject([{ pointer: '/content', type: 'string_too_long', limit: FULL }])
})

test('more text than a body may have is refused, and changes nothing', async () => {
  const made = await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })
  const path = String(made.headers.get('location'))
  const before = await allRows(server.db)
  for (const text of ['a', '語', '\n']) {
    const body = JSON.stringify({ title: 'a', content: text.repeat(2 * FULL) })
    const refusals = [
      await ann.ask('POST', '/notes', { body, headers }),
      await ann.ask('PUT', path, { body, headers }),
      await ann.ask('PATCH', path, { body, headers }),
      await ann.ask('POST', `${path}/edits`, { body, headers }),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([413, 413, 413, 413])
  }
  expect(await allRows(server.db)).toEqual(before)
})

test.each(cases)('a full note of $script, sent $spelling, is stored, read and put back', async (one) => {
  const content = one.character.repeat(FULL)
  const made = await ann.ask('POST', '/notes', { body: one.spell(JSON.stringify({ title: 'a', content })), headers })
  expect(made.status, made.text.slice(0, 300)).toBe(201)
  const path = String(made.headers.get('location'))
  const read = await ann.ask('GET', path)
  expect(read.body['content'] === content).toBe(true)
  expect((await ann.ask('PUT', path, { body: one.spell(JSON.stringify({ content })), headers })).status).toBe(200)
  await ann.ask('PUT', path, { body: { content: '' } })
  const patched = await ann.ask('PATCH', path, { body: one.spell(JSON.stringify({ content })), headers })
  expect(patched.body['content'] === content).toBe(true)
  await ann.ask('PUT', path, { body: { content: '' } })
  const edit = one.spell(JSON.stringify({ edits: [{ op: 'append', text: content }] }))
  const edited = await ann.ask('POST', `${path}/edits`, { body: edit, headers })
  expect((edited.body['note'] as Record<string, unknown>)['content'] === content).toBe(true)
  expect((await ann.ask('DELETE', path)).status).toBe(204)
})

test('an escaped pair of surrogates is one character, in upper and lower case', async () => {
  for (const pair of ['\\ud83d\\ude00', '\\uD83D\\uDE00', '\\uDBFF\\uDFFF']) {
    const body = `{"title":"a","content":"${pair.repeat(FULL)}"}`
    expect((await ann.ask('POST', '/notes', { body, headers })).status, pair).toBe(201)
  }
})
