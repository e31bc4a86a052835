import { expect } from 'vitest'
import { newNote } from '../../notes/new-note.ts'
import type { Person } from '../../support/people.ts'
import { about, claim, INFO, type Measure } from './claims.ts'

/** The status, version and ETag of one answer of a story; the figures of its telling are those. */
interface Told {
  readonly status: number
  readonly version: number
}

/** The story of Ann and Bob as the contract tells it, by two devices of one account. */
async function tell(
  ann: Person,
): Promise<Record<'read' | 'sent' | 'refused' | 'applied' | 'merged' | 'overlapping', Told>> {
  const change = async (path: string, content: string, ifMatch: string): Promise<Told> => {
    const { status, headers } = await ann.ask('PATCH', path, { body: { content }, headers: { 'If-Match': ifMatch } })
    return { status, version: Number(headers.get('etag')?.slice(1, -1)) }
  }
  const { path } = await newNote(ann, { content: 'one\n\ntwo\n' })
  const { body } = await ann.ask('GET', path)
  const sent = await change(path, 'ONE\n\ntwo\n', '"1"')
  const refused = await change(path, 'one\n\nTWO\n', '"1"')
  const merged = await change(`${path}?on_conflict=merge`, 'one\n\nTWO\n', '"1"')
  const overlapping = await change(`${path}?on_conflict=merge`, 'first\n\ntwo\n', '"1"')
  return {
    read: { status: 200, version: Number(body['version']) },
    sent,
    refused,
    merged,
    overlapping,
    applied: refused,
  }
}

const inStory = (part: keyof Awaited<ReturnType<typeof tell>>, what: keyof Told): Measure => {
  return async ({ value }, lab) => expect((await tell(await lab.person()))[part][what]).toBe(value)
}

/** Step so-and-so of the story is the one in which Bob sends his change. */
const stepOfBob: Measure = async ({ value, text, where }) => {
  expect([value, where]).toEqual([3, INFO])
  expect(text).toContain(`step ${value}`)
}

const firstVersion: Measure = async ({ value }, lab) => {
  const { headers, body } = await (await lab.person()).ask('POST', '/notes', { body: { title: 'A', content: 'B' } })
  expect([body['version'], headers.get('etag')]).toEqual([value, `"${value}"`])
}

const versionStep: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { path } = await newNote(person)
  const changes = [{ title: 'Second' }, { is_pinned: true }, { tags: ['a'] }]
  for (const [index, body] of changes.entries()) {
    expect((await person.ask('PATCH', path, { body })).body['version']).toBe(1 + (index + 1) * value)
  }
}

const versionsOfEdits: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { path } = await newNote(person)
  const edits = ['a', 'b', 'c'].map((text) => ({ op: 'append', text }))
  expect((await person.ask('POST', `${path}/edits`, { body: { edits } })).body['note']).toMatchObject({
    version: 1 + value,
  })
}

const parallelAppends: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { path } = await newNote(person)
  const texts = Array.from({ length: value }, (_, index) => `line ${index}`)
  const append = async (text: string): Promise<number> => {
    const { status } = await person.ask('POST', `${path}/edits`, { body: { edits: [{ op: 'append', text }] } })
    // A machine that is busy with other tests may be too slow; the contract says to send it again.
    return status === 503 ? append(text) : status
  }
  const statuses = await Promise.all(texts.map(append))
  expect(new Set(statuses)).toEqual(new Set([200]))
  const { body } = await person.ask('GET', path)
  expect(String(body['content']).trim().split('\n').toSorted()).toEqual(['Hello', ...texts].toSorted())
  expect(body['version']).toBe(1 + value)
}

/** What an edit refers to, as often as wanted; it is applied when it is there this often, and else refused. */
const occurrences: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  for (const [text, edit] of [
    ['## Here', { op: 'insert_under', heading: 'Here', text: 'x' }],
    ['- [ ] this', { op: 'toggle_task', task: 'this' }],
    ['find me', { op: 'replace_text', find: 'find me', replace: 'found' }],
  ] as const) {
    for (const times of [value - 1, value, value + 1]) {
      const { path } = await newNote(person, {
        content: ['Text', ...Array.from({ length: times }, () => text)].join('\n\n'),
      })
      const { status, body } = await person.ask('POST', `${path}/edits`, { body: { edits: [edit] } })
      expect(status, `${edit.op}, ${times} times`).toBe(times === value ? 200 : 422)
      if (status === 422) expect(body['errors']).toMatchObject([{ pointer: '/edits/0' }])
    }
  }
}

async function candidatesIn(
  lab: Parameters<Measure>[1],
  lines: readonly string[],
): Promise<readonly { readonly text: string }[]> {
  const person = await lab.person()
  const { path } = await newNote(person, { content: lines.join('\n') })
  const edits = [{ op: 'insert_under', heading: 'None', text: 'x' }]
  const { body } = await person.ask('POST', `${path}/edits`, { body: { edits } })
  const [error] = body['errors'] as { readonly candidates: readonly { readonly text: string }[] }[]
  return error?.candidates ?? []
}

function headings(count: number, rest = ''): string[] {
  return Array.from({ length: count }, (_, index) => `# ${index}${rest}`)
}

/** Of so many headings all are listed; of more, so many. Long ones are fewer. */
const mostCandidates: Measure = async ({ value }, lab) => {
  for (const count of [value - 1, value, value + 1])
    expect(await candidatesIn(lab, headings(count))).toHaveLength(Math.min(count, value))
  expect((await candidatesIn(lab, headings(value, '😀'.repeat(90)))).length).toBeLessThan(value)
}

const longestCandidate: Measure = async ({ value }, lab) => {
  const whole = `# ${'a'.repeat(value - 2)}`
  expect(await candidatesIn(lab, [whole])).toMatchObject([{ text: whole }])
  expect(await candidatesIn(lab, [`${whole}a`])).toMatchObject([{ text: `${whole.slice(0, -1)}…` }])
}

/** With so many faults all are told; with more, so many. */
const mostFaults: Measure = async ({ value }, lab) => {
  const { ask } = await lab.person()
  for (const [faults, told] of [
    [value - 1, value - 1],
    [value, value],
    [value + 1, value],
    [4 * value, value],
  ] as const) {
    const refused = await ask('GET', `/notes?${Array.from({ length: faults }, (_, index) => `x${index}=1`).join('&')}`)
    expect(refused.body['errors']).toHaveLength(told)
    expect(refused.body['detail']).toContain(
      faults > told ? `There are more than ${told} errors.` : `There are ${faults - 1} more errors.`,
    )
  }
}

/** A merge in which both sides changed these lines of a note, each in a way of its own. */
async function conflict(person: Person, lines: readonly number[], length: number): Promise<Record<string, unknown>[]> {
  const text = (mark: string): string =>
    Array.from({ length }, (_, index) =>
      lines.includes(index + 1) ? `${mark} ${index + 1}` : `same ${index + 1}`,
    ).join('\n')
  const { path } = await newNote(person, { content: text('base') })
  await person.ask('PUT', path, { body: { content: text('theirs') } })
  const options = { body: { content: text('mine') }, headers: { 'If-Match': '"1"' } }
  const { status, body } = await person.ask('PATCH', `${path}?on_conflict=merge`, options)
  expect(status).toBe(409)
  return body['conflicts'] as Record<string, unknown>[]
}

const everyOther = (count: number): number[] => Array.from({ length: count }, (_, index) => 2 * index + 1)

const mostConflicts: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  for (const count of [value, value + 1]) {
    const conflicts = await conflict(person, everyOther(count), 2 * count)
    expect(conflicts.map(({ line }) => line)).toEqual(everyOther(value))
  }
}

const firstLine: Measure = async ({ value }, lab) => {
  const conflicts = await conflict(await lab.person(), [1, 4], 6)
  expect(conflicts.map(({ line }) => line)).toEqual([value, value + 3])
}

const CHANGED = ['Note', 'NoteSummary', 'TrashedNote'].map(
  (name) => `/components/schemas/${name}/properties/version/description`,
)

export const writingClaims = [
  claim(INFO, 'both read version #: `ETag: "#"`', inStory('read', 'version'), inStory('read', 'version')),
  claim(
    INFO,
    'Ann sends her change with `If-Match: "#"` and gets # with `ETag: "#"`',
    inStory('read', 'version'),
    inStory('sent', 'status'),
    inStory('sent', 'version'),
  ),
  claim(
    INFO,
    'Bob sends his with `If-Match: "#"` too and gets #, with',
    inStory('read', 'version'),
    inStory('refused', 'status'),
  ),
  claim(INFO, 'and sends it with `If-Match: "#"`', inStory('applied', 'version')),
  claim(
    INFO,
    'of step # as `PATCH …?on_conflict=merge`, and the server does the same: # with both changes, or # with the places',
    stepOfBob,
    inStory('merged', 'status'),
    inStory('overlapping', 'status'),
  ),
  claim(about('createNote'), 'its `version` (#) and its', firstVersion),
  ...CHANGED.map((place) => claim(place, '# for a new note, # more with each change.', firstVersion, versionStep)),
  claim(about('editNote'), 'all of them as # new version', versionsOfEdits),
  claim(about('editNote'), 'so # parallel appends all succeed', parallelAppends),
  claim(about('editNote'), 'must be there exactly #, or the edit', occurrences),
  claim('/components/schemas/ReplaceTextEdit/description', 'occurs exactly #, or', occurrences),
  claim('/components/schemas/FieldError/properties/candidates/description', 'has at most #, and fewer', mostCandidates),
  claim('/components/schemas/EditCandidate/properties/text/description', 'of more than # characters', longestCandidate),
  claim(INFO, ', at most # of them.', mostFaults),
  claim(
    '/components/schemas/ValidationProblem/properties/errors/description',
    'when there are more than #, the first #.',
    mostFaults,
    mostFaults,
  ),
  claim('/components/schemas/MergeConflictProblem/properties/conflicts/description', '; the first #.', mostConflicts),
  claim('/components/schemas/Conflict/properties/line/description', 'counted from #.', firstLine),
]
