import { enrol } from '../../support/people.ts'
import { many, note, written } from './create-note.ts'
import { effect, type Effect } from './effect.ts'
import { plain, rich, stored, succeed, theOne, theTwo, titles, withNote, withTwoNotes } from './states.ts'

const read: Effect[] = [
  effect('getNote', 'path note_id', {
    given: withTwoNotes(),
    sees: ({ answer }) => answer.body['title'],
    samples: [
      [theOne, 'One'],
      [theTwo, 'Two'],
    ],
  }),
  ...([1, 2] as const).map((version) =>
    effect('getNote', 'header If-None-Match', {
      given: withNote(version === 1 ? plain : rich, {}, ...(version === 1 ? [] : [{ title: 'Second' }])),
      sees: ({ answer }) => ({ hasBody: answer.text !== '', etag: answer.headers.get('etag') }),
      samples: [
        [undefined, { hasBody: true, etag: `"${version}"` }],
        [`"${version + 1}"`, { hasBody: true, etag: `"${version}"` }],
        [`"9", W/"${version}"`, { hasBody: false, etag: `"${version}"` }, 304],
        ['*', { hasBody: false, etag: `"${version}"` }, 304],
      ],
    }),
  ),
]

/** Each field by itself: it changes, and all other fields keep their values. */
const change: Effect[] = (['updateNote', 'patchNote'] as const).flatMap((operation) => {
  const after = { ...rich, version: 2, isStored: true }
  const changed = (where: string, field: string, samples: readonly unknown[]) => {
    // PUT needs at least one field, so every sample changes another field too.
    const [other, value] = field === 'content' ? ['title', 'Renamed'] : ['content', 'Rewritten']
    return effect(operation, where, {
      given: withNote(rich, { body: { [other]: value } }),
      sees: written,
      samples: [undefined, ...samples].map((sample) => {
        const shown = sample === undefined ? {} : { [field]: sample }
        return [sample as string | undefined, { ...after, [other]: value, ...shown }] as const
      }),
    })
  }
  return [
    changed('body title', 'title', ['Renamed']),
    changed('body content', 'content', ['Rewritten\n', '']),
    changed('body tags', 'tags', [[], ['B', 'c'], many]),
    changed('body is_public', 'is_public', [false, true]),
    changed('body is_pinned', 'is_pinned', [false, true]),
    changed('body is_archived', 'is_archived', [false, true]),
    effect(operation, 'body tags', {
      given: withNote(plain, { body: {} }),
      sees: written,
      samples: [
        [['x'], { ...note, version: 2, tags: ['x'] }],
        [['x', 'Y', 'y'], { ...note, version: 2, tags: ['x', 'Y'] }],
      ],
    }),
    ...(['is_public', 'is_pinned', 'is_archived'] as const).map((flag) =>
      effect(operation, `body ${flag}`, {
        given: withNote(plain, { body: {} }, { title: 'Second' }),
        sees: written,
        samples: [
          [true, { ...note, title: 'Second', [flag]: true, version: 3 }],
          // A change that changes nothing makes no version.
          [false, { ...note, title: 'Second', version: 2 }],
        ],
      }),
    ),
    effect(operation, 'path note_id', {
      given: withTwoNotes({ body: { title: 'Changed' } }),
      sees: async (seen) => (await stored(seen)).map(({ title }) => title),
      samples: [
        [theOne, ['Changed', 'Two']],
        [theTwo, ['One', 'Changed']],
      ],
    }),
  ]
})

const others: Effect[] = [
  effect('patchNote', 'media type', {
    ignored: '`application/json` is accepted too and means the same.',
    given: withNote(plain, { body: { is_public: true, tags: ['a'] } }),
    sees: written,
    samples: (['application/merge-patch+json', 'application/json'] as const).map((type) => [
      type,
      { ...note, is_public: true, tags: ['a'], version: 2 },
    ]),
  }),
  effect('deleteNote', 'path note_id', {
    given: withTwoNotes(),
    sees: async ({ state, server }) => {
      const rows = await stored({ state, server })
      return {
        list: titles({ answer: await state.person.ask('GET', '/notes') }),
        kept: rows.filter(isTrashed).map(({ title }) => title),
      }
    },
    samples: [
      [theOne, { list: ['Two'], kept: ['One'] }],
      [theTwo, { list: ['One'], kept: ['Two'] }],
    ],
  }),
  effect('listNotes', 'state', {
    given: async (server, sent) => {
      const owner = await enrol(server)
      await succeed(owner.ask('POST', '/notes', { body: rich }))
      return { person: sent === 'the owner' ? owner : await enrol(server) }
    },
    sees: titles,
    samples: [
      ['the owner', ['Rich']],
      ['another', []],
    ],
  }),
]

function isTrashed(row: Readonly<Record<string, unknown>>): boolean {
  return row['is_trashed'] === true
}

export const noteEffects: readonly Effect[] = [...read, ...change, ...others]
