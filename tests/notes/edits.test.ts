import { describe, expect, test } from 'vitest'
import { newNote } from './new-note.ts'
import { usePerson, useServer } from '../support/fixtures.ts'

const server = useServer()
const ann = usePerson(server)
const bob = usePerson(server)

const content = '# List\n\nFor tomorrow.\n\n## Shopping\n\n- [ ] milk\n\n## Later\n\nFigs\n'

test('editNote applies several edits, in their order, as one version', async () => {
  const { path } = await newNote(ann, { content })
  const edits = [
    { op: 'insert_under', heading: 'Shopping', text: '- [ ] bread' },
    { op: 'toggle_task', task: 'bread' },
    { op: 'toggle_task', task: 'milk', checked: true },
    { op: 'replace_text', find: 'tomorrow', replace: 'today' },
    { op: 'replace_section', heading: 'Later', text: 'Dates' },
    { op: 'append', text: 'The end' },
    { op: 'prepend', text: 'The beginning' },
  ]
  const reply = await ann.ask('POST', `${path}/edits`, { body: { edits } })
  expect(reply.status).toBe(200)
  expect(reply.headers.get('etag')).toBe('"2"')
  const { body } = await ann.ask('GET', path)
  expect(reply.body).toEqual({ dry_run: false, note: body })
  expect(body['version']).toBe(2)
  const text = String(body['content'])
  for (const part of ['The beginning\n', 'For today.', '- [x] milk\n', '- [x] bread\n', '## Later\n', 'Dates\n'])
    expect(text).toContain(part)
  expect(text).not.toContain('Figs')
  expect(text.trimEnd().endsWith('The end')).toBe(true)
})

test('editNote applies all edits or none, and names the one that cannot be applied', async () => {
  const { path } = await newNote(ann, { content })
  const edits = [
    { op: 'append', text: 'x' },
    { op: 'insert_under', heading: 'Nowhere', text: 'y' },
  ]
  const refused = await ann.ask('POST', `${path}/edits`, { body: { edits } })
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toEqual([
    {
      loc: ['body', 'edits', '1'],
      pointer: '/edits/1',
      msg: 'The note has no such heading; `candidates` lists the most similar it has.',
      type: 'heading_not_found',
      candidates: [
        { text: '## Later', line: 9, within: ['# List'] },
        { text: '# List', line: 1 },
        { text: '## Shopping', line: 5, within: ['# List'] },
      ],
    },
  ])
  expect((await ann.ask('GET', path)).body).toMatchObject({ content, version: 1 })
})

describe('a refused edit', () => {
  const diary = '# 2025\n\n## Notes\n\n# 2026\n\n## Notes\n'
  const notes = { op: 'insert_under', heading: 'Notes', text: 'x' }

  test.each([
    ['heading_ambiguous', diary, notes, /more than once.*`candidates`.*`occurrence`.*`within`/],
    ['heading_not_found', diary, { ...notes, occurrence: 3 }, /only 2 times/],
    ['heading_not_found', diary, { ...notes, heading: '2025', occurrence: 2 }, /only once/],
    ['heading_not_found', 'text', notes, /no headings/],
    ['task_ambiguous', '- [ ] a\n- [ ] a', { op: 'toggle_task', task: 'a' }, /more than once.*`occurrence`/],
    ['task_not_found', '- [ ] a', { op: 'toggle_task', task: 'b' }, /no such task.*`candidates`/],
    ['task_not_found', 'text', { op: 'toggle_task', task: 'b' }, /no tasks/],
    ['text_ambiguous', 'a a', { op: 'replace_text', find: 'a', replace: '' }, /more than once.*`occurrence`/],
    ['text_not_found', 'canary', { op: 'replace_text', find: 'b', replace: '' }, /no such text.*`candidates`/],
  ])('is a %s that says what to do, quotes the note in `candidates` only, and takes effect in none', async (...row) => {
    const [type, text, edit, sentence] = row
    const { path } = await newNote(ann, { content: text })
    for (const dry_run of [false, true]) {
      const refused = await ann.ask('POST', `${path}/edits`, { body: { edits: [edit], dry_run } })
      expect(refused.status).toBe(422)
      expect(refused.body['errors']).toMatchObject([{ type, msg: expect.stringMatching(sentence) }])
      expect(JSON.stringify({ ...refused.body, errors: [] })).not.toContain('canary')
    }
    expect((await ann.ask('GET', path)).body).toMatchObject({ content: text, version: 1 })
  })

  test('is a problem of less than 8 KiB, whatever the note has', async () => {
    for (const wide of ['😀', '\u0007', '語']) {
      const lines = Array.from(
        { length: 60 },
        (_, index) => `${'#'.repeat(1 + (index % 6))} ${index}${wide.repeat(200)}\n`,
      )
      const { path } = await newNote(ann, { content: lines.join('') })
      const refused = await ann.ask('POST', `${path}/edits`, { body: { edits: [notes] } })
      expect(refused.status).toBe(422)
      expect(Buffer.byteLength(refused.text)).toBeLessThan(8_192)
    }
  })

  test('of a note of 1 MiB is answered too, with the nearest of 80 000 tasks', async () => {
    const tasks = Array.from({ length: 80_000 }, (_, index) => `- [ ] t${index}\n`).join('')
    const { path } = await newNote(ann, { content: tasks })
    const refused = await ann.ask('POST', `${path}/edits`, {
      body: { edits: [{ op: 'toggle_task', task: 'T79999x' }] },
    })
    const [error] = refused.body['errors'] as { type: string; candidates: unknown[] }[]
    expect(error?.type).toBe('task_not_found')
    expect(error?.candidates[0]).toEqual({ text: 't79999', line: 80_000 })
    expect(error?.candidates).toHaveLength(20)
  })
})

test('editNote keeps the line breaks and the spelling of what it does not touch', async () => {
  const { path } = await newNote(ann, { content: '---\r\ntitle: x\r\n---\r\n\r\nCafe\u0301 one\r\ntwo\r\n' })
  const edits = [
    { op: 'replace_text', find: 'one\ntwo', replace: '1\n2' },
    { op: 'prepend', text: 'a\nb' },
  ]
  const { body } = await ann.ask('POST', `${path}/edits`, { body: { edits } })
  expect(body['note']).toMatchObject({
    content: '---\r\ntitle: x\r\n---\r\na\r\nb\r\n\r\nCafe\u0301 1\r\n2\r\n',
  })
  const found = [{ op: 'replace_text', find: 'Caf\u00e9 1', replace: 'Tea' }]
  expect((await ann.ask('POST', `${path}/edits`, { body: { edits: found } })).body['note']).toMatchObject({
    content: '---\r\ntitle: x\r\n---\r\na\r\nb\r\n\r\nTea\r\n2\r\n',
  })
})

test('a dry run shows the difference and writes nothing', async () => {
  const { path } = await newNote(ann, { content })
  const edits = [{ op: 'replace_text', find: 'Figs', replace: 'Dates' }]
  const shown = await ann.ask('POST', `${path}/edits`, { body: { edits, dry_run: true } })
  expect(shown.status).toBe(200)
  const { body } = await ann.ask('GET', path)
  expect(shown.body).toMatchObject({ dry_run: true, note: body })
  expect(
    String(shown.body['diff'])
      .split('\n')
      .filter((line) => /^[-+]\w/.test(line)),
  ).toEqual(['-Figs', '+Dates'])
  expect(body).toMatchObject({ content, version: 1 })
})

test('50 parallel appends all arrive', async () => {
  const { path } = await newNote(ann, { content: 'log' })
  const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`)
  const append = async (text: string): Promise<number> => {
    const { status } = await ann.ask('POST', `${path}/edits`, { body: { edits: [{ op: 'append', text }] } })
    // On a slow machine they do not all get a turn within a second. A 503 says to try again, and that nothing was done.
    return status === 503 ? append(text) : status
  }
  expect(await Promise.all(lines.map(append))).toEqual(lines.map(() => 200))
  const { body } = await ann.ask('GET', path)
  expect(body['version']).toBe(51)
  const found = String(body['content'])
    .split('\n')
    .filter((line) => line.startsWith('line '))
  expect(found.toSorted((a, b) => a.localeCompare(b))).toEqual(lines.toSorted((a, b) => a.localeCompare(b)))
})

test('editNote obeys If-Match, in a dry run too', async () => {
  const { path } = await newNote(ann)
  await ann.ask('PUT', path, { body: { content: 'Second' } })
  for (const dry_run of [true, false]) {
    const refused = await ann.ask('POST', `${path}/edits`, {
      body: { edits: [{ op: 'append', text: 'x' }], dry_run },
      headers: { 'If-Match': '"1"' },
    })
    expect(refused.status).toBe(412)
    expect(refused.body['base']).toMatchObject({ version: 1, content: 'Hello' })
  }
  expect((await ann.ask('GET', path)).body['version']).toBe(2)
  const edits = [{ op: 'append', text: 'x' }]
  const done = await ann.ask('POST', `${path}/edits`, { body: { edits }, headers: { 'If-Match': '"2"' } })
  expect(done.body['note']).toMatchObject({ version: 3, content: 'Second\nx' })
})

test('edits never make a note that the contract does not allow', async () => {
  const large = 'a'.repeat(1_048_570)
  const { path } = await newNote(ann, { content: large })
  const refused = await ann.ask('POST', `${path}/edits`, { body: { edits: [{ op: 'append', text: 'b'.repeat(10) }] } })
  expect(refused.body['errors']).toMatchObject([{ loc: ['body', 'edits', '0'], type: 'string_too_long' }])
})

test('edits may leave an empty note, and fill it again', async () => {
  const { path } = await newNote(ann, { content: 'x' })
  const remove = { edits: [{ op: 'replace_text', find: 'x', replace: '' }] }
  expect((await ann.ask('POST', `${path}/edits`, { body: remove })).body['note']).toMatchObject({ content: '' })
  expect((await ann.ask('GET', path)).body['content']).toBe('')
  const add = { edits: [{ op: 'append', text: 'y' }] }
  expect((await ann.ask('POST', `${path}/edits`, { body: add })).body['note']).toMatchObject({ content: 'y' })
})

test('each edit that breaks the contract is reported at its place, by the rules of its kind', async () => {
  const { path } = await newNote(ann)
  const edits = [
    { op: 'append' },
    { op: 'prepend', text: 'ok' },
    { op: 'toggle_task', task: 'x', colour: 1 },
    { op: 'unheard', text: 'x' },
  ]
  const refused = await ann.ask('POST', `${path}/edits`, { body: { edits } })
  expect(refused.status).toBe(422)
  const places = (refused.body['errors'] as { loc: string[]; type: string }[]).map(
    ({ loc, type }) => `${loc.slice(1).join('.')} ${type}`,
  )
  expect(places.slice(0, 2)).toEqual(['edits.0.text missing', 'edits.2.colour extra_forbidden'])
  expect(places.slice(2)).toContain('edits.3.op enum')
})

test("another user's note cannot be edited, nor read by a dry run", async () => {
  const { path } = await newNote(ann)
  for (const dry_run of [true, false]) {
    expect(
      (await bob.ask('POST', `${path}/edits`, { body: { edits: [{ op: 'append', text: 'x' }], dry_run } })).status,
    ).toBe(404)
  }
  expect((await ann.ask('GET', path)).body['version']).toBe(1)
})
