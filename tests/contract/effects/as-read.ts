import type { Json } from '../../../src/contract/document/document.ts'
import { newNote } from '../../notes/new-note.ts'
import { enrol } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen } from './effect.ts'
import { type NoteState, plain, stored, succeed } from './states.ts'

interface ReadNote extends NoteState {
  /** The note as it was read. */
  readonly read: Readonly<Record<string, unknown>>
}

/** A note, and a request to change it with all that was read of it. */
async function withReadNote(server: TestServer): Promise<ReadNote> {
  const person = await enrol(server)
  const note = await newNote(person, plain)
  const { body: read } = await succeed(person.ask('GET', note.path))
  const request = { path: { note_id: note.id }, body: { ...read, title: 'Changed' } as Record<string, Json> }
  return { ...note, person, read, request }
}

async function titleOrFaults(seen: Seen<ReadNote>): Promise<unknown> {
  const errors = seen.answer.body['errors'] as readonly { pointer: string; type: string }[] | undefined
  if (errors !== undefined) return errors.map(({ pointer, type }) => [pointer, type])
  return (await stored(seen)).map(({ title }) => title)
}

const ANOTHER_ID = '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2'
/** The same moment, to the millisecond and with an offset, as other languages write it. */
const spelt = (moment: unknown): string =>
  new Date(Date.parse(String(moment)) + 3_600_000).toISOString().replace('Z', '+01:00')
const later = (moment: unknown): string => new Date(Date.parse(String(moment)) + 1).toISOString()

type Value = (read: unknown) => Json
/** For each field that only the server changes: the value in another spelling, and another value. */
const fields: readonly (readonly [name: string, same: Value, other: Value])[] = [
  ['id', (id) => String(id).toUpperCase(), () => ANOTHER_ID],
  ['owner_id', (id) => String(id).toUpperCase(), () => ANOTHER_ID],
  ['version', (version) => Number(version), (version) => Number(version) + 1],
  ['created_at', spelt, later],
  ['updated_at', spelt, later],
]

/** A note may be sent back as it was read, and no field of the server's can be changed. */
export const asRead: readonly Effect[] = (['updateNote', 'patchNote'] as const).flatMap((operation) =>
  fields.map(([name, same, other]) =>
    effect<ReadNote>(operation, `body ${name}`, {
      given: withReadNote,
      sees: titleOrFaults,
      guards: true,
      samples: [
        [undefined, ['Changed']],
        [({ read }) => read[name] as Json, ['Changed']],
        [({ read }) => same(read[name]), ['Changed']],
        [({ read }) => other(read[name]), [[`/${name}`, 'read_only']], 422],
      ],
    }),
  ),
)
