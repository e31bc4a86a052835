import type { ErrorObject } from 'ajv/dist/2020.js'
import { type FieldError, MAX_FIELD_ERRORS } from '../../http/problem.ts'
import { escapeToken } from '../document/document.ts'
import type { Words } from '../document/words.ts'
import { describe } from './messages.ts'
import { shorten } from './parameters.ts'
import { memberOf } from './schema-errors.ts'
import { relevant } from './unions.ts'

/** Where a value comes from. */
export interface Source {
  /** The beginning of each `loc`: `body`, or `query` and a name. */
  readonly where: readonly string[]
  /** Whether it was sent as text, as in a query, so that every value is a string. */
  readonly isText: boolean
  /** An example of it, as text. */
  readonly example?: string | undefined
}

/**
 * Turns Ajv's errors into field errors, one for each value. If there are more than a reply shows, one more is returned
 * and the rest is left out.
 */
export function toFieldErrors(errors: readonly ErrorObject[], source: Source, words: Words): FieldError[] {
  const byValue = Map.groupBy(relevant(errors), (error) => `${error.instancePath} ${memberOf(error) ?? ''}`)
  return [...byValue.values()].slice(0, MAX_FIELD_ERRORS + 1).map((found) => {
    const error = found.reduce((first, other) => (rank(other) < rank(first) ? other : first))
    const path = error.instancePath
      .split('/')
      .slice(1)
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    const member = memberOf(error)
    const steps = [...path, ...(member === undefined ? [] : [member])].map(shorten)
    const [place = 'body', ...names] = [...source.where, ...steps]
    const pointer = names.map((name) => `/${escapeToken(name)}`).join('')
    const example = path.length === 0 ? source.example : undefined
    const given = { value: error.data, isText: source.isText, example }
    return { loc: [place, ...names], pointer, ...describe(error, given, words) }
  })
}

/** Which of several errors of one value says most: what it must be, then how large, then how it must look. */
const ORDER: readonly string[] = [
  'enum',
  'const',
  'type',
  'minimum',
  'maximum',
  'format',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'pattern',
]

function rank({ keyword }: ErrorObject): number {
  const index = ORDER.indexOf(keyword)
  return index === -1 ? ORDER.length : index
}
