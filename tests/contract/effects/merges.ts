import { expect } from 'vitest'
import { effect, type Effect, type Seen } from './effect.ts'
import type { Request } from './request.ts'
import { type Author, changedSince, versionOf } from './preconditions.ts'
import { fieldsOf, plain, rich, stored, succeed } from './states.ts'

const lines = (change: Readonly<Record<string, string>> = {}) =>
  'one\ntwo\nthree\nfour\nfive\nsix\n'.replaceAll(/\w+/g, (word) => change[word] ?? word)

type Written = Readonly<Record<string, unknown>>

async function merged(seen: Seen<Awaited<ReturnType<ReturnType<typeof changedSince>>>>): Promise<unknown> {
  const { answer, state } = seen
  const [row = {}] = await stored(seen)
  const note = { ...fieldsOf(row), version: row['version'] }
  if (answer.status < 400) return note
  const { current, base, conflicts } = answer.body
  return {
    note,
    current: versionOf(current, state),
    base: versionOf(base, state),
    ...(conflicts === undefined ? {} : { conflicts }),
  }
}

const requestWith = (mine: Written): Request => ({
  header: { 'If-Match': '"1"' },
  body: mine as Record<string, string>,
})

/** Without on_conflict and with `refuse` the answer is 412; `merge` makes both changes. */
function clean(base: Written, theirs: Written, mine: Written, both: Written): Effect {
  const [was, is] = [
    { ...plain, ...base },
    { ...plain, ...base, ...theirs },
  ]
  const refused = {
    note: { ...is, version: 2 },
    current: { ...is, version: 2 },
    base: { ...was, version: 1, by: 'session' },
  }
  return effect('patchNote', 'query on_conflict', {
    guards: true,
    given: changedSince(was, 'session', theirs, requestWith(mine)),
    sees: merged,
    samples: [
      [undefined, refused, 412],
      ['refuse', refused, 412],
      ['merge', { ...is, ...both, version: 3 }],
    ],
  })
}

/** If both sides changed the same places, `merge` lists those places. */
function overlapping(
  base: Written,
  author: Author,
  theirs: Written,
  mine: Written,
  conflicts: readonly unknown[],
): Effect {
  const is = { ...base, ...theirs }
  const refused = {
    note: { ...is, version: 2 },
    current: { ...is, version: 2 },
    base: { ...base, version: 1, by: author },
  }
  return effect('patchNote', 'query on_conflict', {
    guards: true,
    given: changedSince(base, author, theirs, requestWith(mine)),
    sees: merged,
    samples: [
      ['refuse', refused, 412],
      ['merge', { ...refused, conflicts }, 409],
    ],
  })
}

export const mergeEffects: readonly Effect[] = [
  clean(
    { content: lines(), tags: ['a', 'b'] },
    { content: lines({ one: 'ONE' }), title: 'Theirs', tags: ['a', 'b', 'c'] },
    { content: lines({ six: 'SIX' }), tags: ['b', 'd'], is_pinned: true },
    { content: lines({ one: 'ONE', six: 'SIX' }), title: 'Theirs', tags: ['b', 'c', 'd'], is_pinned: true },
  ),
  overlapping(
    { ...plain, title: 'First', content: lines() },
    'session',
    { title: 'Theirs', content: lines({ three: '3' }) },
    { title: 'Mine', content: lines({ three: 'drei' }) },
    [
      { field: 'title', line: 1, base: 'First', mine: 'Mine', theirs: 'Theirs' },
      { field: 'content', line: 3, base: 'three\n', mine: 'drei\n', theirs: '3\n' },
    ],
  ),
  overlapping(
    { ...rich, content: lines() },
    'api_key',
    { ...plain, content: lines({ two: '2', five: '5' }) },
    { content: lines({ two: 'zwei', five: 'fünf' }) },
    [
      { field: 'content', line: 2, base: 'two\n', mine: 'zwei\n', theirs: '2\n' },
      { field: 'content', line: 5, base: 'five\n', mine: 'fünf\n', theirs: '5\n' },
    ],
  ),
  overlapping(
    { ...plain, content: lines() },
    'unknown',
    { ...rich, content: lines({ six: '6' }) },
    { content: lines({ six: 'sechs' }) },
    [{ field: 'content', line: 6, base: 'six\n', mine: 'sechs\n', theirs: '6\n' }],
  ),
  effect('patchNote', 'header If-Match', {
    guards: true,
    // Version 2 changes the first line, version 3 the first and the last one.
    given: async (server) => {
      const base = { ...plain, content: lines() }
      const mine = requestWith({ content: lines({ six: 'sechs', one: '1' }) })
      const state = await changedSince(
        base,
        'session',
        { content: lines({ one: '1' }) },
        { ...mine, query: { on_conflict: 'merge' } },
      )(server)
      const body = { content: lines({ one: 'eins', six: '6' }) }
      await succeed(state.person.ask('PUT', `/notes/${String(state.request?.path?.['note_id'])}`, { body }))
      return state
    },
    sees: ({ answer: { body, headers } }) => ({ ...body, etag: headers.get('etag') }),
    samples: [
      [
        '"1"',
        overlap({ version: 1, content: lines() }, [
          conflict(1, 'one\n', '1\n', 'eins\n'),
          conflict(6, 'six\n', 'sechs\n', '6\n'),
        ]),
        409,
      ],
      ['"2"', overlap({ version: 2, content: lines({ one: '1' }) }, [conflict(6, 'six\n', 'sechs\n', '6\n')]), 409],
    ],
  }),
]

function conflict(line: number, base: string, mine: string, theirs: string) {
  return { field: 'content', line, base, mine, theirs }
}

function overlap(base: object, conflicts: readonly unknown[]): unknown {
  const current = { version: 3, content: lines({ one: 'eins', six: '6' }) }
  const isTold: unknown = expect.objectContaining(base)
  return expect.objectContaining({
    etag: '"3"',
    current: expect.objectContaining(current) as unknown,
    base: isTold,
    conflicts,
  })
}
