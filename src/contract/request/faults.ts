import type { ErrorObject } from 'ajv/dist/2020.js'
import type { FieldError } from '../../http/problem.ts'
import { escapeToken } from '../document/document.ts'
import { shorten } from './parameters.ts'

/** Turns Ajv's errors into field errors. `where` is the beginning of each `loc`: `body`, or `query` and a name. */
export function toFieldErrors(errors: readonly ErrorObject[], where: readonly string[]): FieldError[] {
  return relevant(errors).map((error) => {
    const path = error.instancePath
      .split('/')
      .slice(1)
      .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    const missing = named(error, 'missingProperty') ?? named(error, 'additionalProperty')
    const steps = [...path, ...(missing === undefined ? [] : [missing])].map(shorten)
    const [place, ...names] = [...where, ...steps]
    const pointer = names.map((name) => `/${escapeToken(name)}`).join('')
    return { loc: [place ?? 'body', ...names], pointer, ...describe(error) }
  })
}

/**
 * Ajv reports errors of every branch of a `oneOf`; we keep those of the branch that the client most likely meant. A
 * body may have thousands of errors, so the time is proportional to their number.
 */
function relevant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unions = new Map(errors.filter(isUnion).map((error) => [error.instancePath, error]))
  const groups = Map.groupBy(
    errors.filter((error) => !isUnion(error)),
    ({ instancePath }) => outermost(instancePath, unions),
  )
  const inside = [...unions]
    .filter(([path]) => outermost(path, unions) === path)
    .flatMap(([path, union]) => bestBranch(groups.get(path) ?? []) ?? [union])
  return [...(groups.get(undefined) ?? []), ...inside]
}

function isUnion({ keyword }: ErrorObject): boolean {
  return keyword === 'oneOf' || keyword === 'anyOf'
}

/** The first of these places on the way to a path, or the path itself; undefined if none is. */
function outermost(path: string, places: ReadonlyMap<string, unknown>): string | undefined {
  for (let end = 0; end !== -1; end = path.indexOf('/', end + 1)) {
    if (places.has(path.slice(0, end))) return path.slice(0, end)
  }
  return places.has(path) ? path : undefined
}

/** The branch with the fewest errors. One that an enum or const rules out (another grant_type, say) does not count. */
function bestBranch(errors: readonly ErrorObject[]): readonly ErrorObject[] | undefined {
  const branches = Map.groupBy(errors, branchOf)
  const candidates = [...branches.values()].filter(
    (group) => !group.some(({ keyword }) => keyword === 'enum' || keyword === 'const'),
  )
  const [best] = (candidates.length > 0 ? candidates : [...branches.values()]).toSorted((a, b) => a.length - b.length)
  return best
}

/** `#/oneOf/0/required` and `#/oneOf/0/properties/…` belong to one branch. */
function branchOf({ schemaPath }: ErrorObject): string {
  return /^.*?\/(?:oneOf|anyOf)\/\d+/.exec(schemaPath)?.[0] ?? schemaPath
}

function named(error: ErrorObject, key: string): string | undefined {
  const value: unknown = (error.params as Record<string, unknown>)[key]
  return typeof value === 'string' ? value : undefined
}

function describe(error: ErrorObject): Pick<FieldError, 'msg' | 'type'> {
  const limit = Number((error.params as Record<string, unknown>)['limit'])
  switch (error.keyword) {
    case 'required':
      return { msg: 'Is required.', type: 'missing' }
    case 'additionalProperties':
      return { msg: 'Is not known here.', type: 'extra_forbidden' }
    case 'minLength':
      return { msg: `Must have at least ${plural(limit, 'character')}.`, type: 'string_too_short' }
    case 'maxLength':
      return { msg: `Must have at most ${plural(limit, 'character')}.`, type: 'string_too_long' }
    case 'minItems':
      return { msg: `Must have at least ${plural(limit, 'item')}.`, type: 'too_short' }
    case 'maxItems':
      return { msg: `Must have at most ${plural(limit, 'item')}.`, type: 'too_long' }
    case 'minProperties':
      return { msg: `Must have at least ${plural(limit, 'field')}.`, type: 'too_short' }
    case 'uniqueItems':
      return { msg: 'Has the same item more than once.', type: 'duplicate_items' }
    case 'minimum':
      return { msg: `Must be at least ${limit}.`, type: 'greater_than_equal' }
    case 'maximum':
      return { msg: `Must be at most ${limit}.`, type: 'less_than_equal' }
    case 'type':
      return {
        msg: `Must be ${article(named(error, 'type') ?? 'another type')}.`,
        type: `${named(error, 'type') ?? 'value'}_type`,
      }
    case 'enum':
      return { msg: `Must be one of: ${allowed(error)}.`, type: 'enum' }
    case 'format':
      return { msg: `Is not a valid ${named(error, 'format') ?? 'value'}.`, type: `${formatWord(error)}_parsing` }
    case 'pattern':
      return { msg: 'Does not have the form that the contract describes.', type: 'string_pattern_mismatch' }
    default:
      return { msg: 'Breaks the contract.', type: 'invalid' }
  }
}

/** `date-time` as `date_time`, `int32` as `int`: the contract allows letters and underscores. */
function formatWord(error: ErrorObject): string {
  return (named(error, 'format') ?? 'value').replaceAll('-', '_').replaceAll(/[^a-z_]/g, '')
}

function allowed(error: ErrorObject): string {
  const values: unknown = (error.params as Record<string, unknown>)['allowedValues']
  return Array.isArray(values) ? values.map(String).join(', ') : ''
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
