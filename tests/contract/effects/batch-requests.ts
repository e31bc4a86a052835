import { sql } from 'kysely'
import { enrol, userIdOf } from '../../support/people.ts'
import { effect, type Effect } from './effect.ts'
import { manyNotes, stored, theOne, theTwo, withTwoNotes } from './states.ts'

/** The flag and the tags of each note. */
const marks = async (seen: Parameters<typeof stored>[0]) =>
  (await stored(seen)).map(
    (row) => `${String(row['title'])} ${row['is_pinned'] === true ? 'pinned' : 'loose'} ${String(row['tags'])}`,
  )

export const batchRequestEffects: readonly Effect[] = [
  effect('changeNotes', 'body actions[0].note_id', {
    given: withTwoNotes({ body: { actions: [{ action: 'pin' }] } }),
    sees: marks,
    samples: [
      [theOne, ['One pinned ', 'Two loose ']],
      [theTwo, ['One loose ', 'Two pinned ']],
    ],
  }),
  effect('changeNotes', 'body actions[0].note_id', {
    given: withTwoNotes({ body: { actions: [{ action: 'add_tags', tags: ['x'] }] } }),
    sees: marks,
    samples: [
      [theOne, ['One loose x', 'Two loose ']],
      [theTwo, ['One loose ', 'Two loose x']],
    ],
  }),
  effect('changeNotes', 'body actions[0]', {
    given: withTwoNotes({ body: { actions: [null] } }),
    sees: marks,
    samples: [
      [({ one }) => ({ note_id: one, action: 'pin' }), ['One pinned ', 'Two loose ']],
      [({ one }) => ({ note_id: one, action: 'add_tags', tags: ['x'] }), ['One loose x', 'Two loose ']],
    ],
  }),
  effect('changeNotes', 'body actions', {
    given: withTwoNotes({ body: {} }),
    sees: async (seen) => ({
      notes: await marks(seen),
      succeeded: seen.answer.body['succeeded'],
      failed: seen.answer.body['failed'],
    }),
    samples: [
      [
        ({ one }) => [{ note_id: one, action: 'pin' }],
        { notes: ['One pinned ', 'Two loose '], succeeded: 1, failed: 0 },
      ],
      [
        ({ one, two, person }) => [
          { note_id: one, action: 'pin' },
          { note_id: userIdOf(person), action: 'pin' },
          { note_id: one, action: 'add_tags', tags: ['x'] },
          { note_id: two, action: 'pin' },
        ],
        { notes: ['One pinned x', 'Two pinned '], succeeded: 3, failed: 1 },
      ],
    ],
  }),
  effect('changeNotes', 'body actions', {
    given: async (server) => {
      const person = await enrol(server)
      await manyNotes(server, person, 100)
      const { rows } = await sql<{
        id: string
      }>`select id from notes where owner_id = ${userIdOf(person)} order by title`.execute(server.db)
      return { person, ids: rows.map(({ id }) => id), request: { body: {} } }
    },
    sees: async (seen) => {
      const rows = await stored(seen)
      return {
        pinned: rows.filter((row) => row['is_pinned'] === true).length,
        succeeded: seen.answer.body['succeeded'],
      }
    },
    samples: [
      [({ ids }) => ids.slice(1).map((note_id) => ({ note_id, action: 'pin' })), { pinned: 99, succeeded: 99 }],
      [({ ids }) => ids.map((note_id) => ({ note_id, action: 'pin' })), { pinned: 100, succeeded: 100 }],
    ],
  }),
]
