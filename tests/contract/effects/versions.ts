import { effect, type Effect } from './effect.ts'
import { authorOf, session, storied, story, versions } from './history.ts'
import { fieldsOf, stored, theOne, theTwo, withTwoNotes } from './states.ts'

const reads: Effect[] = [
  effect('getRevision', 'path version', {
    given: story(),
    sees: ({ answer: { body }, state }) => ({
      ...fieldsOf(body),
      version: body['version'],
      by: authorOf(body['created_by'], state),
    }),
    samples: [
      ['1', { ...versions[1], version: 1, by: 'unknown without id' }],
      ['2', { ...versions[2], version: 2, by: 'api_key by its id' }],
      ['3', { ...versions[3], version: 3, by: session }],
      ['5', { ...versions[5], version: 5, by: session }],
    ],
  }),
  effect('getRevision', 'path note_id', {
    given: withTwoNotes({ path: { version: '1' } }),
    sees: ({ answer }) => answer.body['content'],
    samples: [
      [theOne, 'one'],
      [theTwo, 'two'],
    ],
  }),
  effect('compareRevisions', 'path note_id', {
    given: withTwoNotes({ path: { version: '1' } }),
    sees: ({ answer }) => String(answer.body['diff']).split('\n')[3],
    samples: [
      [theOne, '-one'],
      [theTwo, '-two'],
    ],
  }),
  effect('compareRevisions', 'path version', {
    given: story({ query: { against: 3 } }),
    samples: [
      [
        '2',
        {
          from_version: 2,
          to_version: 3,
          changed: ['content'],
          diff: '--- version 2\n+++ version 3\n@@ -1,2 +1,3 @@\n a\n B\n+c\n',
        },
      ],
      ['3', { from_version: 3, to_version: 3, changed: [], diff: '' }],
      ['4', { from_version: 4, to_version: 3, changed: ['is_public', 'tags', 'is_pinned', 'is_archived'], diff: '' }],
    ],
  }),
  effect('compareRevisions', 'query against', {
    given: story({ path: { version: '1' } }),
    samples: [
      [
        undefined,
        {
          from_version: 1,
          to_version: 5,
          changed: ['title', 'content'],
          diff: '--- version 1\n+++ version 5\n@@ -1,2 +1,3 @@\n a\n-b\n+B\n+c\n',
        },
      ],
      [
        2,
        {
          from_version: 1,
          to_version: 2,
          changed: ['title', 'content', 'is_public', 'tags', 'is_pinned', 'is_archived'],
          diff: '--- version 1\n+++ version 2\n@@ -1,2 +1,2 @@\n a\n-b\n+B\n',
        },
      ],
      [
        5,
        {
          from_version: 1,
          to_version: 5,
          changed: ['title', 'content'],
          diff: '--- version 1\n+++ version 5\n@@ -1,2 +1,3 @@\n a\n-b\n+B\n+c\n',
        },
      ],
    ],
  }),
]

const restores: Effect[] = [
  effect('restoreRevision', 'path version', {
    given: storied,
    sees: async (seen) => {
      const { body, headers } = seen.answer
      const [row = {}] = await stored(seen)
      return {
        ...fieldsOf(body),
        version: body['version'],
        etag: headers.get('etag'),
        stored: { ...fieldsOf(row), version: row['version'] },
      }
    },
    samples: ([1, 2, 3] as const).map((version) => {
      const fields = { ...versions[version], version: 6 }
      return [String(version), { ...fields, etag: '"6"', stored: fields }] as const
    }),
  }),
  effect('restoreRevision', 'path note_id', {
    given: withTwoNotes({ path: { version: '1' } }),
    sees: async (seen) => (await stored(seen)).map(({ content }) => content),
    samples: [
      [theOne, ['one', 'two more']],
      [theTwo, ['one more', 'two']],
    ],
  }),
]

export const versionEffects: readonly Effect[] = [...reads, ...restores]
