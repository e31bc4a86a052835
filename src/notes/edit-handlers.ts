import type { Handlers } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import { once } from '../db/idempotency.ts'
import { refuseRepeated, replayedHeader } from '../http/idempotency.ts'
import { validationFailed } from '../http/problem.ts'
import { refuseOutOfBounds } from './bounds.ts'
import { authorOf, etagOf, toNote } from './note.ts'
import { findNote } from './notes.ts'
import { noSuchNote, requireMatch } from './refusals.ts'
import { unifiedDiff } from './text/diff.ts'
import { applyEdits, type Edit, type EditFault } from './text/edits.ts'
import { lockNote, writeNote } from './write-note.ts'

interface EditDeps {
  readonly db: Database
  readonly historyVersions: number
}

export function editHandlers({ db, historyVersions }: EditDeps): Pick<Handlers, 'editNote'> {
  return {
    async editNote({ path, headers, body, caller }, reply) {
      const ifMatch = headers['If-Match']
      if (body.dry_run) {
        const current = await findNote(db, caller.userId, path.note_id)
        if (current === undefined) throw noSuchNote()
        await requireMatch(db, current, ifMatch)
        const labels = { before: `version ${current.version}`, after: 'with the edits' }
        const diff = unifiedDiff(current.content, edited(current.content, body.edits), labels)
        return reply(200, { dry_run: true, note: toNote(current), diff }, { ETag: etagOf(current) })
      }
      const request = [path.note_id, ifMatch ?? null, body]
      const key = headers['Idempotency-Key']
      const use = { userId: caller.userId, operation: 'editNote', key, subject: path.note_id, request }
      const { state, result: note } = await once(db, use, async (transaction) => {
        const current = await lockNote(transaction, caller.userId, path.note_id)
        if (current === undefined) throw noSuchNote()
        await requireMatch(transaction, current, ifMatch)
        const changes = { content: edited(current.content, body.edits) }
        return toNote(await writeNote(transaction, current, changes, { author: authorOf(caller), historyVersions }))
      })
      if (note === undefined) throw refuseRepeated(state)
      return reply(200, { dry_run: false, note }, { ETag: etagOf(note), ...replayedHeader(state) })
    },
  }
}

/** The content with all of the edits; throws a Problem (422) for one that cannot be applied, or if too much comes out. */
function edited(before: string, edits: readonly Edit[]): string {
  const { content, fault } = applyEdits(before, edits)
  if (fault !== undefined) {
    const { index, type } = fault
    throw validationFailed([{ loc: ['body', 'edits', String(index)], pointer: `/edits/${index}`, msg: faults[type], type }])
  }
  refuseOutOfBounds({ content }, ['body', 'edits'])
  return content
}

/** In words of our own: no text of a note goes into an error. */
const faults: Record<EditFault['type'], string> = {
  heading_not_found: 'The note has no such heading.',
  heading_ambiguous: 'The note has this heading more than once.',
  text_not_found: 'The note does not have this text.',
  text_ambiguous: 'The note has this text more than once.',
  task_not_found: 'The note has no such task.',
  task_ambiguous: 'The note has this task more than once.',
}
