import type { Request } from '../../contract/types.ts'
import { type FieldError, validationFailed } from '../../http/problem.ts'
import { refuseOutOfBounds } from '../core/bounds.ts'
import type { NoteFields, NoteRow } from '../core/note-row.ts'
import { normalTags } from '../tags/tags.ts'

/** The fields of a note that only the server changes. */
const serverFields = ['id', 'owner_id', 'version', 'created_at', 'updated_at'] as const

type ServerFields = Pick<NoteRow, (typeof serverFields)[number]>

export interface RequestedChanges {
  readonly changes: Partial<NoteFields>
  /** What the request says of the server's fields: a client may send a whole note back as it read it. */
  readonly repeated: { readonly [Name in keyof ServerFields]?: ServerFields[Name] | undefined }
}

/** The fields of a request to change a note. Throws a Problem (422) for tags that a note may not have. */
export function readChanges(body: Request<'updateNote' | 'patchNote'>['body']): RequestedChanges {
  const { id, owner_id, version, created_at, updated_at, ...changes } = body
  const repeated = { id, owner_id, version, created_at, updated_at }
  if (changes.tags === undefined) return { changes, repeated }
  const tags = normalTags(changes.tags)
  refuseOutOfBounds({ tags })
  return { changes: { ...changes, tags }, repeated }
}

/** Throws a Problem (422) for each of the server's fields that has none of the values that it has in `versions`. */
export function refuseServerFields(
  repeated: RequestedChanges['repeated'],
  current: ServerFields,
  ...earlier: readonly ServerFields[]
): void {
  const versions = [current, ...earlier]
  const errors = serverFields.flatMap((name): FieldError[] => {
    const sent = repeated[name]
    if (sent === undefined || versions.some((version) => compared(name, version[name]) === compared(name, sent)))
      return []
    const msg = `Only the server changes this, and it is ${current[name]}. Read the note again, or leave the field out.`
    return [{ loc: ['body', name], pointer: `/${name}`, msg, type: 'read_only' }]
  })
  if (errors.length > 0) throw validationFailed(errors)
}

/** Times are compared to the millisecond, because many languages keep no more of them. */
function compared(name: keyof ServerFields, value: string | number): string | number {
  return typeof value === 'string' && name.endsWith('_at') ? Date.parse(value) : value
}
