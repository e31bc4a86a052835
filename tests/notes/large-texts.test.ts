import { expect, test } from 'vitest'
import { editBounds } from '../../src/notes/core/bounds.ts'
import { unifiedDiff } from '../../src/text/diff.ts'
import { applyEdits, type Edit } from '../../src/text/edits.ts'
import { isSmall } from '../../src/text/jobs.ts'
import { mergeText } from '../../src/text/merge.ts'
import { usePerson, useServer } from '../support/fixtures.ts'
import { ask, enrol } from '../support/people.ts'
import { newNote } from './new-note.ts'

const server = useServer()
const ann = usePerson(server)

const tasks = Array.from({ length: 90_000 }, (_, index) => `- [ ] t${index}\n`)
  .join('')
  .slice(0, 1_040_000)
const toggles: Edit[] = Array.from({ length: 100 }, (_, index) => ({ op: 'toggle_task', task: `t${index * 700}` }))
const isToggled = (index: number): boolean => index % 700 === 0 && index < 70_000

/** Lines of text that are almost all different, from a deterministic generator. */
function unlike(seed: number, length: number): string {
  let state = seed
  let text = ''
  while (text.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    text += `${state % 100_000}\n`
  }
  return text
}

test('100 toggles of a note of 90 000 tasks give the right result, and others are served meanwhile', async () => {
  const { path } = await newNote(ann, { content: tasks })
  const bob = await enrol(server)
  const order: string[] = []
  const hostile = ann.ask('POST', `${path}/edits`, { body: { edits: toggles } }).then((reply) => {
    order.push('edits')
    return reply
  })
  const other = async (): Promise<void> => {
    for (let count = 0; count < 5; count += 1) {
      await ask(server, 'GET', '/health/live')
      await bob.ask('GET', '/notes')
      order.push('others')
    }
  }
  const [edited] = await Promise.all([hostile, other()])
  const expected = tasks.replaceAll(/^- \[ \] t(\d+)$/gm, (line, index: string) =>
    isToggled(Number(index)) ? line.replace(' ]', 'x]') : line,
  )
  expect(edited.status).toBe(200)
  expect((edited.body['note'] as { content: string }).content === expected).toBe(true)
  expect(order.indexOf('edits')).toBeGreaterThan(0)
})

test('a dry run, a merge and a comparison of large texts have the results of the functions behind them', async () => {
  const base = unlike(1, 200_000)
  const theirs = base.replaceAll('7\n', '7 theirs\n')
  const mine = `${base}mine\n`
  const { path } = await newNote(ann, { content: base })
  const dry = await ann.ask('POST', `${path}/edits`, {
    body: { dry_run: true, edits: [{ op: 'append', text: 'mine' }] },
  })
  expect(dry.body['diff']).toBe(unifiedDiff(base, `${base}mine`, { before: 'version 1', after: 'with the edits' }))
  await ann.ask('PUT', path, { body: { content: theirs } })
  const merged = await ann.ask('PATCH', `${path}?on_conflict=merge`, {
    body: { content: mine },
    headers: { 'If-Match': '"1"' },
  })
  expect(merged.body['content'] === mergeText(base, mine, theirs).text).toBe(true)
  expect(merged.headers.get('etag')).toBe('"3"')
  const compared = await ann.ask('GET', `${path}/revisions/1/diff`)
  expect(compared.body['diff']).toBe(
    unifiedDiff(base, String(merged.body['content']), { before: 'version 1', after: 'version 3' }),
  )
})

test('a merge of large texts that overlap names the first conflicts and the number of the others', async () => {
  const base = 'line\n\n'.repeat(20_000)
  const { path } = await newNote(ann, { content: base })
  await ann.ask('PUT', path, { body: { content: base.replaceAll('line', 'theirs') } })
  const change = { body: { content: base.replaceAll('line', 'mine') }, headers: { 'If-Match': '"1"' } }
  const refused = await ann.ask('PATCH', `${path}?on_conflict=merge`, change)
  expect(refused.status).toBe(409)
  expect(refused.body['detail']).toBe('Your change and the one made since you read the note overlap in 20000 places.')
  expect(refused.body['conflicts']).toHaveLength(1_000)
  expect((await ann.ask('GET', path)).body['version']).toBe(2)
})

test('an edit of a large note waits for no lock and holds none: concurrent changes are kept', async () => {
  const { path } = await newNote(ann, { content: tasks })
  const edit = ann.ask('POST', `${path}/edits`, { body: { edits: toggles.slice(0, 10) } })
  const other = ann.ask('PATCH', path, { body: { title: 'Meanwhile' } })
  expect([(await edit).status, (await other).status]).toEqual([200, 200])
  const { body } = await ann.ask('GET', path)
  expect(body).toMatchObject({ version: 3, title: 'Meanwhile' })
  expect(body['content'] === applyEdits(tasks, toggles.slice(0, 10), editBounds).content).toBe(true)
})

test('with If-Match an edit of a large note that was changed meanwhile is refused', async () => {
  const { path } = await newNote(ann, { content: tasks })
  const headers = { 'If-Match': '"1"' }
  const both = await Promise.all(
    [0, 1].map((index) => ann.ask('POST', `${path}/edits`, { body: { edits: [toggles[index]] }, headers })),
  )
  expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 412]))
  expect((await ann.ask('GET', path)).body['version']).toBe(2)
})

test('an edit of a large note that is repeated with its key takes effect once', async () => {
  const { path } = await newNote(ann, { content: tasks })
  const request = { body: { edits: toggles.slice(0, 1) }, headers: { 'Idempotency-Key': 'large' } }
  const replies = await Promise.all([1, 2, 3].map(() => ann.ask('POST', `${path}/edits`, request)))
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
  expect((await ann.ask('GET', path)).body['version']).toBe(2)
})

test('an error in the edits of a large note is reported as in a small one, and nothing changes', async () => {
  const { path } = await newNote(ann, { content: tasks })
  const refused = await ann.ask('POST', `${path}/edits`, {
    body: { edits: [toggles[0], { op: 'toggle_task', task: 'none' }] },
  })
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toMatchObject([
    { loc: ['body', 'edits', '1'], pointer: '/edits/1', type: 'task_not_found' },
  ])
  expect((await ann.ask('GET', path)).body['version']).toBe(1)
})

test('no edit may make the text too long, even if a later one would shorten it', async () => {
  const { path } = await newNote(ann, { content: 'a'.repeat(1_048_570) })
  const edits = [
    { op: 'append', text: 'b' },
    { op: 'append', text: 'c'.repeat(10) },
    { op: 'replace_text', find: 'c'.repeat(10), replace: '' },
  ]
  const refused = await ann.ask('POST', `${path}/edits`, { body: { edits } })
  expect(refused.body['errors']).toMatchObject([{ loc: ['body', 'edits', '1'], type: 'string_too_long' }])
})

test('edits that make the server read a large text too often are refused; fewer of them are accepted', async () => {
  const { path } = await newNote(ann, { content: `# A\n\n${tasks}` })
  const fence = { op: 'insert_under', heading: 'A', text: '~~~~~~~~', position: 'start' }
  const edits = Array.from({ length: 20 }, (_, index) =>
    index % 2 === 0 ? fence : { op: 'replace_text', find: '~~~~~~~~\n', replace: '' },
  )
  const refused = await ann.ask('POST', `${path}/edits`, { body: { edits: [...edits, toggles[0]] } })
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toMatchObject([{ loc: ['body', 'edits', '15'], type: 'too_much_reading' }])
  const taken = await ann.ask('POST', `${path}/edits`, { body: { edits: [...edits.slice(0, 14), toggles[0]] } })
  expect(taken.status).toBe(200)
})

test('an ordinary edit of a note of 2 KB needs no thread', () => {
  const content = 'An ordinary line of text.\n'.repeat(80)
  const edits: Edit[] = [{ op: 'append', text: 'One more.' }]
  expect(isSmall({ kind: 'edit', content, edits, bounds: editBounds })).toBe(true)
  expect(isSmall({ kind: 'merge', base: content, mine: content, theirs: content, maxConflicts: 1_000 })).toBe(true)
  expect(isSmall({ kind: 'edit', content: tasks, edits, bounds: editBounds })).toBe(false)
})

test('a merge, a comparison and a dry run of texts that are longer than a few thousand characters need one', () => {
  const content = unlike(1, 8_200)
  const labels = { before: 'a', after: 'b' }
  const edits: Edit[] = [{ op: 'append', text: 'One more.' }]
  expect(isSmall({ kind: 'merge', base: content, mine: '', theirs: '', maxConflicts: 1_000 })).toBe(false)
  expect(isSmall({ kind: 'diff', before: content, after: '', labels })).toBe(false)
  expect(isSmall({ kind: 'edit', content, edits, bounds: editBounds })).toBe(true)
  expect(isSmall({ kind: 'edit', content, edits, bounds: editBounds, labels })).toBe(false)
})
