import type { ReplyTo, Request } from '../../contract/types.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import { isOutage } from '../../db/pg-errors.ts'
import { Problem, problemType } from '../../http/problem.ts'
import type { AddressOf } from '../../http/public-address.ts'
import { problemKinds } from '../../http/problem-kinds.ts'
import { refuseOutOfBounds } from '../core/bounds.ts'
import { authorOf } from '../core/note.ts'
import { lockNote } from '../core/lock-note.ts'
import type { NoteFields, NoteRow } from '../core/note-row.ts'
import { noSuchNote, noteChanged } from '../core/refusals.ts'
import type { NoteDeps } from '../note-deps.ts'
import { normalTags, tagKey } from '../tags/tags.ts'
import { findTrashed, moveToTrash, takeFromTrash } from '../trash/trash.ts'
import { type WriteOptions, writeNote } from '../core/write-note.ts'

type Action = Request<'changeNotes'>['body']['actions'][number]

export async function changeNotes(
  { db, turns, historyVersions, addressOf }: NoteDeps,
  { body, caller, signal }: Request<'changeNotes'>,
  reply: ReplyTo<'changeNotes'>,
) {
  const writer = { ownerId: caller.userId, signal }
  const options = { author: authorOf(caller), historyVersions }
  const results = []
  /** Notes that others keep locked: for each, a batch waits once. */
  const busy = new Map<string, ReturnType<typeof failureOf>>()
  for (const action of body.actions) {
    signal.throwIfAborted()
    const known = busy.get(action.note_id)
    if (known !== undefined) {
      results.push({ note_id: action.note_id, ...known })
      continue
    }
    try {
      const run = () => inTransaction(db, (tx) => act(tx, caller.userId, action, options))
      const { version } = await turns.ofNote(writer, action.note_id, run)
      results.push({ note_id: action.note_id, status: 200, version })
    } catch (error) {
      const failure = failureOf(error, addressOf)
      if (failure.status === 503) busy.set(action.note_id, failure)
      results.push({ note_id: action.note_id, ...failure })
    }
  }
  const succeeded = results.filter(({ status }) => status === 200).length
  return reply(200, { succeeded, failed: results.length - succeeded, results })
}

async function act(tx: Tx, ownerId: string, action: Action, options: WriteOptions): Promise<NoteRow> {
  if (action.action === 'restore') return restore(tx, ownerId, action)
  const current = await lockNote(tx, ownerId, action.note_id)
  if (current === undefined && action.action === 'trash') return requireTrashed(tx, ownerId, action)
  if (current === undefined) throw noSuchNote()
  requireVersion(current, action)
  if (action.action === 'trash') {
    await moveToTrash(tx, current)
    return current
  }
  const changes = changesOf(current, action)
  refuseOutOfBounds(changes, ['body', 'tags'])
  return writeNote(tx, current, changes, options)
}

/** A note that is not in the trash any more counts as restored. */
async function restore(tx: Tx, ownerId: string, action: Action): Promise<NoteRow> {
  const restored = await takeFromTrash(tx, ownerId, action.note_id)
  const current = restored ?? (await lockNote(tx, ownerId, action.note_id))
  if (current === undefined) throw noSuchNote()
  requireVersion(current, action)
  return current
}

/** A note that is in the trash already counts as moved there. */
async function requireTrashed(tx: Tx, ownerId: string, action: Action): Promise<NoteRow> {
  const current = await findTrashed(tx, ownerId, action.note_id)
  if (current === undefined) throw noSuchNote()
  requireVersion(current, action)
  return current
}

function requireVersion(current: NoteRow, { version }: Action): void {
  if (version !== undefined && version !== current.version) throw noteChanged(current, [version], undefined)
}

function changesOf({ tags }: NoteRow, action: Action): Partial<NoteFields> {
  switch (action.action) {
    case 'pin':
    case 'unpin':
      return { is_pinned: action.action === 'pin' }
    case 'archive':
    case 'unarchive':
      return { is_archived: action.action === 'archive' }
    case 'publish':
    case 'unpublish':
      return { is_public: action.action === 'publish' }
    case 'add_tags':
      return { tags: normalTags([...tags, ...action.tags]) }
    case 'remove_tags': {
      const gone = new Set(action.tags.map(tagKey))
      return { tags: tags.filter((tag) => !gone.has(tagKey(tag))) }
    }
    default:
      return {}
  }
}

/** Rethrows a fault of the server and so ends the request: it must be logged, and would hit the other actions too. */
function failureOf(error: unknown, addressOf: AddressOf) {
  const problem = Problem.from(error, isOutage)
  if (problem.slug === 'internal-error') throw error
  const { title } = problemKinds[problem.slug]
  const type = problemType(problem.slug, addressOf)
  return { status: problem.status, problem: { type, title, detail: problem.message } }
}
