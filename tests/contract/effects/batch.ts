import type { TestServer } from '../../support/server.ts'
import { newNote } from '../../notes/new-note.ts'
import { enrol } from '../../support/people.ts'
import { effect, type Effect, type Seen } from './effect.ts'
import { type NoteState, plain, rich, stored, succeed } from './states.ts'

/** The note after the action, and what the answer says about it. */
async function acted(seen: Seen<NoteState>): Promise<unknown> {
  const [row = {}] = await stored(seen)
  const { succeeded, failed, results } = seen.answer.body as {
    succeeded: number
    failed: number
    results: Record<string, unknown>[]
  }
  const { is_public, is_pinned, is_archived, tags, is_trashed, version } = row
  const [{ note_id, ...result } = {}] = results
  const told = { succeeded, failed, isOfTheNote: note_id === seen.state.id, ...result }
  return { is_public, is_pinned, is_archived, tags, is_trashed, version, told }
}

/** A note with these fields in version 1, in the trash or not, and one action on it. */
function noteWith(
  fields: Readonly<Record<string, unknown>>,
  action: Readonly<Record<string, string[] | string | number>>,
  isTrashed = false,
) {
  return async (server: TestServer): Promise<NoteState> => {
    const person = await enrol(server)
    const note = await newNote(person, fields)
    if (isTrashed) await succeed(person.ask('DELETE', note.path))
    return { ...note, person, request: { body: { actions: [{ note_id: note.id, ...action }] } } }
  }
}

const done = (version: number) => ({ succeeded: 1, failed: 0, isOfTheNote: true, status: 200, version })
const failed = (status: number, problem: Record<string, string>) => ({
  succeeded: 0,
  failed: 1,
  isOfTheNote: true,
  status,
  problem,
})
const noSuchNote = failed(404, { type: '/problems/not-found', title: 'Not found', detail: 'There is no such note.' })
const noteChanged = failed(412, {
  type: '/problems/note-changed',
  title: 'Note changed',
  detail: 'The note is at version 1, and never was at a version that you named.',
})

const { title: _plain, content: _hello, ...off } = plain
const { title: _rich, content: _words, ...on } = rich
const live = (fields: object, version: number) => ({ ...fields, is_trashed: false, version, told: done(version) })

const states: Effect[] = [
  effect('changeNotes', 'body actions[0].action', {
    given: noteWith(plain, {}),
    sees: acted,
    samples: [
      ['trash', { ...off, is_trashed: true, version: 1, told: done(1) }],
      ['restore', live(off, 1)],
      ['pin', live({ ...off, is_pinned: true }, 2)],
      ['unpin', live(off, 1)],
      ['archive', live({ ...off, is_archived: true }, 2)],
      ['unarchive', live(off, 1)],
      ['publish', live({ ...off, is_public: true }, 2)],
      ['unpublish', live(off, 1)],
    ],
  }),
  effect('changeNotes', 'body actions[0].action', {
    given: noteWith(rich, {}),
    sees: acted,
    samples: [
      ['pin', live(on, 1)],
      ['unpin', live({ ...on, is_pinned: false }, 2)],
      ['archive', live(on, 1)],
      ['unarchive', live({ ...on, is_archived: false }, 2)],
      ['publish', live(on, 1)],
      ['unpublish', live({ ...on, is_public: false }, 2)],
    ],
  }),
  effect('changeNotes', 'body actions[0].action', {
    given: noteWith(rich, {}, true),
    sees: acted,
    samples: [
      ['restore', live(on, 1)],
      ['trash', { ...on, is_trashed: true, version: 1, told: done(1) }],
      ['pin', { ...on, is_trashed: true, version: 1, told: noSuchNote }],
    ],
  }),
  effect('changeNotes', 'body actions[0].version', {
    given: noteWith(plain, { action: 'pin' }),
    sees: acted,
    samples: [
      [undefined, live({ ...off, is_pinned: true }, 2)],
      [1, live({ ...off, is_pinned: true }, 2)],
      [2, { ...off, is_trashed: false, version: 1, told: noteChanged }],
    ],
  }),
  ...(['trash', 'restore'] as const).map((action) =>
    effect('changeNotes', 'body actions[0].version', {
      given: noteWith(plain, { action }, action === 'restore'),
      sees: acted,
      samples: [
        [1, { ...off, is_trashed: action === 'trash', version: 1, told: done(1) }],
        [2, { ...off, is_trashed: action === 'restore', version: 1, told: noteChanged }],
      ],
    }),
  ),
]

const many = Array.from({ length: 32 }, (_, index) => `tag ${index}`)

const tags: Effect[] = [
  effect('changeNotes', 'body actions[0].action', {
    given: noteWith(rich, { tags: ['B', 'c'] }),
    sees: acted,
    samples: [
      ['add_tags', live({ ...on, tags: ['a', 'b', 'c'] }, 2)],
      ['remove_tags', live({ ...on, tags: ['a'] }, 2)],
    ],
  }),
  effect('changeNotes', 'body actions[0].tags', {
    given: noteWith(rich, { action: 'remove_tags' }),
    sees: acted,
    samples: [
      [['A'], live({ ...on, tags: ['b'] }, 2)],
      [['b', 'a'], live({ ...on, tags: [] }, 2)],
    ],
  }),
  effect('changeNotes', 'body actions[0].tags', {
    given: noteWith(plain, { action: 'add_tags' }),
    sees: acted,
    samples: [
      [['x', 'Y'], live({ ...off, tags: ['x', 'Y'] }, 2)],
      [many, live({ ...off, tags: many }, 2)],
    ],
  }),
  effect('changeNotes', 'body actions[0].version', {
    given: noteWith(rich, { action: 'add_tags', tags: ['c'] }),
    sees: acted,
    samples: [
      [undefined, live({ ...on, tags: ['a', 'b', 'c'] }, 2)],
      [1, live({ ...on, tags: ['a', 'b', 'c'] }, 2)],
      [7, { ...on, is_trashed: false, version: 1, told: noteChanged }],
    ],
  }),
]

export const batchEffects: readonly Effect[] = [...states, ...tags]
