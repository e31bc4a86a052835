import type { ReplyTo, Request } from '../contract/types.ts'
import { type Problem, validationFailed } from '../http/problem.ts'
import { toNote, toNoteSummary } from './core/note.ts'
import { itemsOf } from './core/page-contents.ts'
import { countNotes, type NoteFilters, type NoteListing, readNotes, readSummaries } from './list-notes.ts'
import type { NoteDeps } from './note-deps.ts'

type ListRequest = Pick<Request<'listNotes'>, 'query' | 'caller' | 'nextPage'>

export async function listNotes(deps: NoteDeps, request: Request<'listNotes'>, reply: ReplyTo<'listNotes'>) {
  const { ownerId, listing, headers } = readListing(deps, request, 'notes')
  const { rows, end } = await readNotes(deps.db, ownerId, listing)
  return reply(200, itemsOf(deps.db, ownerId, rows, toNote), await headers(end))
}

export async function listNoteSummaries(
  deps: NoteDeps,
  request: Request<'listNoteSummaries'>,
  reply: ReplyTo<'listNoteSummaries'>,
) {
  const { ownerId, listing, headers } = readListing(deps, request, 'summaries')
  const { rows, end } = await readSummaries(deps.db, ownerId, listing)
  return reply(200, rows.map(toNoteSummary), await headers(end))
}

/** What a request asks of a list, and the headers of its reply. The cursors of a list belong to its `name`. */
function readListing({ db, cursors }: NoteDeps, { query, caller, nextPage }: ListRequest, name: string) {
  const { limit, cursor, skip, sort, count } = query
  if (cursor !== undefined && skip !== undefined) throw cursorAndSkip()
  const ownerId = caller.userId
  const filters = readFilters(query)
  const list = { ownerId, list: [name, sort, filters] }
  const after = cursor === undefined ? undefined : cursors.read(list, cursor)
  const listing: NoteListing = { filters, sort, limit, after, skip: skip ?? 0, isWhole: skip !== undefined }
  const headers = async (end: NoteListing['after']) => ({
    ...(end !== undefined && { Link: nextPage(cursors.make(list, end)) }),
    ...(count && { 'X-Total-Count': await countNotes(db, ownerId, filters) }),
  })
  return { ownerId, listing, headers }
}

function readFilters({
  tag = [],
  is_public,
  is_pinned,
  is_archived,
  updated_since,
}: ListRequest['query']): NoteFilters {
  return { tags: tag, is_public, is_pinned, is_archived, updated_since }
}

function cursorAndSkip(): Problem {
  return validationFailed([
    {
      loc: ['query', 'skip'],
      pointer: '/skip',
      msg: 'Cannot be combined with cursor.',
      type: 'conflicting_parameters',
    },
  ])
}
