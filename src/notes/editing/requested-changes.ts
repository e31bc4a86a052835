import type { Request } from '../../contract/types.ts'
import { normalTags } from '../tags/tags.ts'
import { refuseOutOfBounds } from '../core/bounds.ts'
import type { NoteFields } from '../core/note-row.ts'

/** The fields that a request changes; throws a Problem (422) for tags that a note may not have. */
export function readChanges(body: Request<'updateNote' | 'patchNote'>['body']): Partial<NoteFields> {
  const { tags, ...rest } = body
  if (tags === undefined) return rest
  const changes = { ...rest, tags: normalTags(tags) }
  refuseOutOfBounds({ tags: changes.tags })
  return changes
}
