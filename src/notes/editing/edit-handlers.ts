import { noteLimits } from '../../../generated/limits.ts'
import type { ReplyTo, Request } from '../../contract/types.ts'
import { type Once, once } from '../../db/idempotency.ts'
import type { Tx } from '../../db/transaction.ts'
import { refuseRepeated, replayedHeader } from '../../http/idempotency.ts'
import { validationFailed } from '../../http/problem.ts'
import type { EditFault } from '../../text/edits.ts'
import type { EditJob, ResultOf } from '../../text/jobs.ts'
import type { Done } from '../../text/text-work.ts'
import { editBounds, refuseOutOfBounds } from '../core/bounds.ts'
import { changeNote } from '../core/change-note.ts'
import { authorOf, etagOf, type Note, toNote } from '../core/note.ts'
import type { NoteRow } from '../core/note-row.ts'
import { findNote } from '../core/notes.ts'
import { noSuchNote, requireMatch } from '../core/refusals.ts'
import type { NoteDeps } from '../note-deps.ts'

export async function editNote(deps: NoteDeps, request: Request<'editNote'>, reply: ReplyTo<'editNote'>) {
  const { db, textWork, turns, historyVersions } = deps
  const { path, headers, ifMatch, body, caller, idempotency, signal } = request
  if (body.dry_run) return tryEdits(deps, request, reply)
  const earlier = [path.note_id, headers['If-Match'] ?? null, body]
  const key = { ...idempotency, subject: path.note_id, earlier }
  const target = { ownerId: caller.userId, noteId: path.note_id, ifMatch, author: authorOf(caller), historyVersions }
  const edit = async (tx: Tx, done: Done<EditJob>): Promise<Note> => {
    const row = await changeNote(tx, target, (current) => {
      const { content } = accepted(done(current.version, editJob(current, body.edits)))
      return { content }
    })
    return toNote(row)
  }
  const inTurn = <T>(attempt: () => Promise<T>) => turns.ofNote({ ...target, signal }, path.note_id, attempt)
  const { state, result: note } = await turns.ofKey(key, signal, () =>
    textWork.whileUnchanged<EditJob, Once<Note>>(caller.userId, (done) =>
      once(db, key, { effect: (tx) => edit(tx, done), inTurn }),
    ),
  )
  if (note === undefined) throw refuseRepeated(state)
  return reply(200, { dry_run: false, note }, { ETag: etagOf(note), ...replayedHeader(state) })
}

/** Shows what the edits would do, and changes nothing. */
async function tryEdits(
  { db, textWork }: NoteDeps,
  { path, ifMatch, body, caller }: Request<'editNote'>,
  reply: ReplyTo<'editNote'>,
) {
  const current = await findNote(db, caller.userId, path.note_id)
  if (current === undefined) throw noSuchNote()
  await requireMatch(db, current, ifMatch)
  const labels = { before: `version ${current.version}`, after: 'with the edits' }
  const { diff } = accepted(await textWork.run({ ...editJob(current, body.edits), labels }, caller.userId))
  return reply(200, { dry_run: true, note: toNote(current), diff }, { ETag: etagOf(current) })
}

function editJob({ content }: NoteRow, edits: EditJob['edits']): EditJob {
  return { kind: 'edit', content, edits, bounds: editBounds }
}

/** The result of the edits. Throws a Problem (422) for an edit that cannot be applied. */
function accepted(result: ResultOf<EditJob>): Exclude<ResultOf<EditJob>, { fault: EditFault }> {
  if (result.fault === undefined) {
    refuseOutOfBounds({ content: result.content }, ['body', 'edits'])
    return result
  }
  const { index, type, candidates = [] } = result.fault
  throw validationFailed([
    {
      loc: ['body', 'edits', String(index)],
      pointer: `/edits/${index}`,
      msg: sentenceOn(result.fault),
      type: type === 'text_too_long' ? 'string_too_long' : type,
      ...(candidates.length === 0 ? {} : { candidates }),
    },
  ])
}

/** Never quotes the note: only `candidates` does, which is for its owner and in no log. */
function sentenceOn({ type, count, candidates = [] }: EditFault): string {
  switch (type) {
    case 'text_too_long':
      return `The text would have more than ${noteLimits.content} characters.`
    case 'too_much_reading':
      return 'Up to here, the edits open and close too much code in a long text. Send them in several requests.'
    case 'heading_ambiguous':
      return `${ambiguous('heading')}, or with \`within\`, the headings above it.`
    case 'text_ambiguous':
      return `${ambiguous('text')}, or send more of the text around it.`
    case 'task_ambiguous':
      return `${ambiguous('task')}.`
    default: {
      const what = type.replace('_not_found', '')
      if (count !== undefined) return `The note has this ${what} only ${count === 1 ? 'once' : `${count} times`}.`
      if (candidates.length > 0) return `The note has no such ${what}; \`candidates\` lists the most similar it has.`
      return type === 'text_not_found' ? 'The note has no text.' : `The note has no ${what}s.`
    }
  }
}

function ambiguous(what: string): string {
  return `The note has this ${what} more than once. Say which of the \`candidates\` you mean with \`occurrence\``
}
