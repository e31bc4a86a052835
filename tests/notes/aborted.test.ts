import { expect, test } from 'vitest'
import { changeNotes } from '../../src/notes/editing/batch-handlers.ts'
import { renameTags } from '../../src/notes/tags/tag-handlers.ts'
import { emptyTrash } from '../../src/notes/trash/trash-handlers.ts'
import { usePerson, useServer } from '../support/fixtures.ts'
import { userIdOf } from '../support/people.ts'
import { newNote } from './new-note.ts'

const server = useServer()
const ann = usePerson(server)

const reason = new Error('The client is gone.')
const unused = (): never => {
  throw new Error('There is nothing to reply')
}

/** What these operations are called with once the client has left or the time is up. */
function aborted(body?: unknown) {
  const caller = { userId: userIdOf(ann), credential: { kind: 'session', id: 's' } }
  return [{ db: server.db, historyVersions: 10 }, { caller, body, signal: AbortSignal.abort(reason) }, unused] as const
}

test.each<[string, (given: { id: string }) => Promise<unknown>]>([
  ['emptyTrash', () => emptyTrash(...(aborted() as unknown as Parameters<typeof emptyTrash>))],
  [
    'renameTags',
    () => renameTags(...(aborted({ from: ['old'], to: 'new' }) as unknown as Parameters<typeof renameTags>)),
  ],
  [
    'changeNotes',
    ({ id }) => {
      const body = { actions: [{ note_id: id, action: 'pin' }] }
      return changeNotes(...(aborted(body) as unknown as Parameters<typeof changeNotes>))
    },
  ],
])('%s begins no further step when its request is given up', async (_, run) => {
  const note = await newNote(ann, { tags: ['old'] })
  const trashed = await newNote(ann)
  await ann.ask('DELETE', trashed.path)
  const before = [await ann.ask('GET', note.path), await ann.ask('GET', '/trash')].map(({ text }) => text)
  await expect(run(note)).rejects.toBe(reason)
  expect([await ann.ask('GET', note.path), await ann.ask('GET', '/trash')].map(({ text }) => text)).toEqual(before)
})
