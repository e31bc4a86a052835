import type { Json } from '../../../src/contract/document/document.ts'
import { newNote } from '../../notes/new-note.ts'
import { enrol } from '../../support/people.ts'
import { effect, type Effect, type Seen } from './effect.ts'
import {
  fieldsOf,
  type NoteState,
  plain,
  rich,
  stored,
  succeed,
  theOne,
  theTwo,
  withNote,
  withTwoNotes,
} from './states.ts'

const text = ['# List', 'Due tomorrow.', '## Shopping', '- [ ] milk', '- [x] eggs', '## Later', 'Figs', ''].join('\n')
const changed = (from: string, to: string): string => text.replace(from, to)

/** The content as it was stored: the answer must say the same. */
async function content(seen: Seen<NoteState>): Promise<unknown> {
  const [row = {}] = await stored(seen)
  const note = (seen.answer.body['note'] ?? {}) as Record<string, unknown>
  return {
    content: row['content'],
    version: row['version'],
    isAnswered: note['content'] === row['content'] && note['version'] === row['version'],
  }
}

const edited = (expected: string, version = 2) => ({ content: expected, version, isAnswered: true })

function edit(
  base: Json,
  where: string,
  samples: readonly (readonly [Json | undefined, string])[],
  fields: object = { content: text },
): Effect {
  return effect('editNote', `body edits[0]${where}`, {
    given: withNote({ ...plain, ...fields }, { body: { edits: [base] } }),
    sees: content,
    samples: samples.map(([send, expected]) => [send, edited(expected)] as const),
  })
}

const edits: Effect[] = [
  edit(null, '', [
    [{ op: 'append', text: 'New' }, `${text}New`],
    [{ op: 'prepend', text: 'New' }, `New\n${text}`],
    [{ op: 'replace_section', heading: 'Shopping', text: 'New' }, changed('- [ ] milk\n- [x] eggs\n', 'New\n')],
    [{ op: 'insert_under', heading: 'Shopping', text: 'New' }, changed('eggs\n', 'eggs\nNew\n')],
    [{ op: 'replace_text', find: 'Figs', replace: 'New' }, changed('Figs', 'New')],
    [{ op: 'toggle_task', task: 'milk' }, changed('[ ] milk', '[x] milk')],
  ]),
  edit({ op: 'append', text: '' }, '.text', [
    ['One', `${text}One`],
    ['Two\n', `${text}Two\n`],
  ]),
  edit({ op: 'prepend', text: '' }, '.text', [
    ['One', `One\n${text}`],
    ['Two\n', `Two\n${text}`],
  ]),
  edit({ op: 'replace_section', heading: '', text: 'New' }, '.heading', [
    ['Shopping', changed('- [ ] milk\n- [x] eggs\n', 'New\n')],
    ['## Later', changed('Figs\n', 'New\n')],
  ]),
  edit({ op: 'replace_section', heading: 'Later', text: '' }, '.text', [
    ['', changed('Figs\n', '')],
    ['Dates', changed('Figs\n', 'Dates\n')],
    ['a\nb', changed('Figs\n', 'a\nb\n')],
  ]),
  edit({ op: 'insert_under', heading: '', text: 'New' }, '.heading', [
    ['Shopping', changed('eggs\n', 'eggs\nNew\n')],
    ['## Later', changed('Figs\n', 'Figs\nNew\n')],
  ]),
  edit({ op: 'insert_under', heading: 'Later', text: '' }, '.text', [
    ['One', changed('Figs\n', 'Figs\nOne\n')],
    ['Two', changed('Figs\n', 'Figs\nTwo\n')],
  ]),
  edit({ op: 'insert_under', heading: 'Shopping', text: 'New' }, '.position', [
    [undefined, changed('eggs\n', 'eggs\nNew\n')],
    ['end', changed('eggs\n', 'eggs\nNew\n')],
    ['start', changed('## Shopping\n', '## Shopping\nNew\n')],
  ]),
  edit({ op: 'replace_text', find: '', replace: 'New' }, '.find', [
    ['Figs', changed('Figs', 'New')],
    ['Due tomorrow', changed('Due tomorrow', 'New')],
  ]),
  edit({ op: 'replace_text', find: 'Figs', replace: '' }, '.replace', [
    ['', changed('Figs', '')],
    ['Dates', changed('Figs', 'Dates')],
    ['$& $1', changed('Figs', '$$& $$1')],
  ]),
  edit({ op: 'toggle_task', task: '' }, '.task', [
    ['milk', changed('[ ] milk', '[x] milk')],
    ['eggs', changed('[x] eggs', '[ ] eggs')],
  ]),
  effect('editNote', 'body edits[0].checked', {
    given: withNote({ ...plain, content: text }, { body: { edits: [{ op: 'toggle_task', task: 'milk' }] } }),
    sees: content,
    samples: [
      [undefined, edited(changed('[ ] milk', '[x] milk'))],
      [true, edited(changed('[ ] milk', '[x] milk'))],
      [false, edited(text, 1)],
    ],
  }),
  effect('editNote', 'body edits[0].checked', {
    given: withNote({ ...plain, content: text }, { body: { edits: [{ op: 'toggle_task', task: 'eggs' }] } }),
    sees: content,
    samples: [
      [undefined, edited(changed('[x] eggs', '[ ] eggs'))],
      [true, edited(text, 1)],
      [false, edited(changed('[x] eggs', '[ ] eggs'))],
    ],
  }),
]

const diary = ['# 2025', '## Notes', '- [ ] a', '# 2026', '## Notes', '- [ ] a', '### More', ''].join('\n')
const deep = '# 2027\n## b\n### c\n#### d\n##### e\n###### Notes\n'

const several: Effect[] = [
  ...(['insert_under', 'replace_section'] as const).flatMap((op) => {
    const [first, second] =
      op === 'insert_under'
        ? [diary.replace('a\n', 'a\nNew\n'), `${diary}New\n`]
        : [
            diary.replace('- [ ] a\n', 'New\n'),
            diary.replace('# 2026\n## Notes\n- [ ] a\n### More\n', '# 2026\n## Notes\nNew\n'),
          ]
    return [
      edit(
        { op, heading: 'Notes', text: 'New', within: [] },
        '.within',
        [
          [['2025'], first + deep],
          [['# 2026'], second + deep],
          [['2027', 'b', '### c', 'd', 'e'], `${diary + deep}New\n`],
        ],
        { content: diary + deep },
      ),
      edit(
        { op, heading: '## Notes', text: 'New', within: [''] },
        '.within[0]',
        [
          ['2025', first],
          ['2026', second],
        ],
        { content: diary },
      ),
      edit(
        { op, heading: '## Notes', text: 'New' },
        '.occurrence',
        [
          [1, first],
          [2, second],
        ],
        { content: diary },
      ),
    ]
  }),
  edit(
    { op: 'replace_text', find: '] a', replace: '] b' },
    '.occurrence',
    [
      [1, diary.replace('] a', '] b')],
      [2, diary.replace(/\] a(?=\n###)/, '] b')],
    ],
    { content: diary },
  ),
  edit(
    { op: 'toggle_task', task: 'a' },
    '.occurrence',
    [
      [1, diary.replace('[ ] a', '[x] a')],
      [2, diary.replace(/\[ \](?= a\n###)/, '[x]')],
    ],
    { content: diary },
  ),
]

const appends = Array.from({ length: 100 }, (_, index) => `line ${index}`)

const requests: Effect[] = [
  effect('editNote', 'body edits', {
    given: withNote({ ...plain, content: 'a' }, { body: {} }),
    sees: content,
    samples: [
      [[{ op: 'append', text: 'b' }], edited('a\nb')],
      [
        [
          { op: 'append', text: 'b' },
          { op: 'replace_text', find: 'b', replace: 'c' },
        ],
        edited('a\nc'),
      ],
      [appends.map((line) => ({ op: 'append', text: line })), edited(['a', ...appends].join('\n'))],
    ],
  }),
  ...([plain, rich] as const).map((fields) =>
    effect('editNote', 'body dry_run', {
      given: withNote({ ...fields, content: 'a\n' }, { body: { edits: [{ op: 'append', text: 'b' }] } }),
      sees: async (seen) => {
        const [row = {}] = await stored(seen)
        const { dry_run, note, diff } = seen.answer.body
        return {
          dry_run,
          diff,
          note: fieldsOf(note as Record<string, unknown>),
          stored: { content: row['content'], version: row['version'] },
        }
      },
      samples: [
        [
          undefined,
          {
            dry_run: false,
            diff: undefined,
            note: { ...fields, content: 'a\nb' },
            stored: { content: 'a\nb', version: 2 },
          },
        ],
        [
          false,
          {
            dry_run: false,
            diff: undefined,
            note: { ...fields, content: 'a\nb' },
            stored: { content: 'a\nb', version: 2 },
          },
        ],
        [
          true,
          {
            dry_run: true,
            diff: '--- version 1\n+++ with the edits\n@@ -1 +1,2 @@\n a\n+b\n\\ No newline at end of file\n',
            note: { ...fields, content: 'a\n' },
            stored: { content: 'a\n', version: 1 },
          },
        ],
      ],
    }),
  ),
  effect('editNote', 'body edits[0].text', {
    given: withNote({ ...plain, content: 'a\n' }, { body: { dry_run: true, edits: [{ op: 'append', text: '' }] } }),
    sees: ({ answer }) => String(answer.body['diff']).split('\n').slice(4),
    samples: [
      ['one\n', ['+one', '']],
      ['two\n', ['+two', '']],
    ],
  }),
  effect('editNote', 'header Idempotency-Key', {
    given: async (server) => {
      const person = await enrol(server)
      const note = await newNote(person, { content: 'a' })
      const body = { edits: [{ op: 'append', text: 'b' }] }
      await succeed(person.ask('POST', `${note.path}/edits`, { body, headers: { 'Idempotency-Key': 'once' } }))
      return { ...note, person, request: { path: { note_id: note.id }, body } }
    },
    sees: async (seen) => ({
      content: (await stored(seen))[0]?.['content'],
      replayed: seen.answer.headers.get('idempotency-replayed'),
    }),
    samples: [
      [undefined, { content: 'a\nb\nb', replayed: null }],
      ['once', { content: 'a\nb', replayed: 'true' }],
      ['another', { content: 'a\nb\nb', replayed: null }],
    ],
  }),
  effect('editNote', 'path note_id', {
    given: withTwoNotes({ body: { edits: [{ op: 'append', text: 'x' }] } }),
    sees: async (seen) => (await stored(seen)).map((row) => row['content']),
    samples: [
      [theOne, ['one more\nx', 'two more']],
      [theTwo, ['one more', 'two more\nx']],
    ],
  }),
]

export const editEffects: readonly Effect[] = [...edits, ...several, ...requests]
