import type { Handlers } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import type { Tx } from '../../db/transaction.ts'
import { type Once, once } from '../../db/idempotency.ts'
import { refuseRepeated, replayedHeader } from '../../http/idempotency.ts'
import { validationFailed } from '../../http/problem.ts'
import { bounds, editBounds, refuseOutOfBounds } from '../core/bounds.ts'
import { authorOf, etagOf, type Note, toNote } from '../core/note.ts'
import { findNote, type NoteRow } from '../core/notes.ts'
import { noSuchNote, requireMatch } from '../core/refusals.ts'
import type { EditFault } from '../../text/edits.ts'
import type { EditJob, ResultOf } from '../../text/jobs.ts'
import type { Done, TextWork } from '../../text/text-work.ts'
import { lockNote, writeNote } from '../core/write-note.ts'

interface EditDeps {
  readonly db: Database
  readonly textWork: TextWork
  readonly historyVersions: number
}

export function editHandlers({ db, textWork, historyVersions }: EditDeps): Pick<Handlers, 'editNote'> {
  return {
    async editNote({ path, headers, body, caller }, reply) {
      const ifMatch = headers['If-Match']
      const toJob = ({ content }: NoteRow): EditJob => ({
        kind: 'edit',
        content,
        edits: body.edits,
        bounds: editBounds,
      })
      if (body.dry_run) {
        const current = await findNote(db, caller.userId, path.note_id)
        if (current === undefined) throw noSuchNote()
        await requireMatch(db, current, ifMatch)
        const labels = { before: `version ${current.version}`, after: 'with the edits' }
        const { diff } = accepted(await textWork.run({ ...toJob(current), labels }, caller.userId))
        return reply(200, { dry_run: true, note: toNote(current), diff }, { ETag: etagOf(current) })
      }
      const request = [path.note_id, ifMatch ?? null, body]
      const key = headers['Idempotency-Key']
      const use = { userId: caller.userId, operation: 'editNote', key, subject: path.note_id, request }
      const edit = async (tx: Tx, done: Done<EditJob>): Promise<Note> => {
        const current = await lockNote(tx, caller.userId, path.note_id)
        if (current === undefined) throw noSuchNote()
        await requireMatch(tx, current, ifMatch)
        const { content } = accepted(done(current.version, toJob(current)))
        return toNote(await writeNote(tx, current, { content }, { author: authorOf(caller), historyVersions }))
      }
      const { state, result: note } = await textWork.whileUnchanged<EditJob, Once<Note>>(caller.userId, (done) =>
        once(db, use, (tx) => edit(tx, done)),
      )
      if (note === undefined) throw refuseRepeated(state)
      return reply(200, { dry_run: false, note }, { ETag: etagOf(note), ...replayedHeader(state) })
    },
  }
}

/** What the edits made; throws a Problem (422) for one that cannot be applied, or if nothing is left. */
function accepted(result: ResultOf<EditJob>): Exclude<ResultOf<EditJob>, { fault: EditFault }> {
  if (result.fault === undefined) {
    refuseOutOfBounds({ content: result.content }, ['body', 'edits'])
    return result
  }
  const { index, type } = result.fault
  const fault = { loc: ['body', 'edits', String(index)], pointer: `/edits/${index}` }
  throw validationFailed([{ ...fault, msg: faults[type], type: type === 'text_too_long' ? 'string_too_long' : type }])
}

/** In words of our own: no text of a note goes into an error. */
const faults: Record<EditFault['type'], string> = {
  heading_not_found: 'The note has no such heading.',
  heading_ambiguous: 'The note has this heading more than once.',
  text_not_found: 'The note does not have this text.',
  text_ambiguous: 'The note has this text more than once.',
  task_not_found: 'The note has no such task.',
  task_ambiguous: 'The note has this task more than once.',
  text_too_long: `The text would have more than ${bounds.content} characters.`,
  too_much_reading: 'Up to here, the edits open and close too much code in a long text. Send them in several requests.',
}
