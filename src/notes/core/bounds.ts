import { noteLimits } from '../../../generated/limits.ts'
import { type FieldError, validationFailed } from '../../http/problem.ts'
import type { EditBounds } from '../../text/edits.ts'
import type { NoteFields } from './note-row.ts'

/** The maximum length of a text between two edits, and how much text all edits together may scan again. */
export const editBounds: EditBounds = { length: noteLimits.content, scanned: 16 * noteLimits.content }

/** Throws a Problem (422) for fields out of bounds; `where` is the place in the request that they came from. */
export function refuseOutOfBounds(fields: Partial<NoteFields>, where: readonly string[] = ['body']): void {
  const { title, content, tags } = fields
  const faults: FieldError[] = []
  const add = (field: string, type: string, msg: string): void => {
    const loc = where.length > 1 ? where : [...where, field]
    faults.push({
      loc,
      pointer: loc
        .slice(1)
        .map((name) => `/${name}`)
        .join(''),
      msg,
      type,
    })
  }
  if (title !== undefined && isLonger(title, noteLimits.title))
    add('title', 'string_too_long', `The title would have more than ${noteLimits.title} characters.`)
  if (title !== undefined && title.trim() === '') add('title', 'string_too_short', 'The title would be empty.')
  if (content !== undefined && isLonger(content, noteLimits.content))
    add('content', 'string_too_long', `The text would have more than ${noteLimits.content} characters.`)
  if (tags !== undefined && tags.length > noteLimits.tags)
    add('tags', 'too_long', `The note would have more than ${noteLimits.tags} tags.`)
  if (tags?.some((tag) => isLonger(tag, noteLimits.tag)) === true)
    add('tags', 'string_too_long', `A tag would have more than ${noteLimits.tag} characters.`)
  if (faults.length > 0) throw validationFailed(faults)
}

/** Counts characters as the contract does, not UTF-16 code units. */
function isLonger(text: string, max: number): boolean {
  if (text.length <= max) return false
  if (text.length > 2 * max) return true
  let count = 0
  for (const _ of text) count += 1
  return count > max
}
