import type { ErrorObject } from 'ajv/dist/2020.js'
import { escapeToken, isObject, type Json, type JsonObject, list, object } from '../document/document.ts'
import { isJsonObject, memberOf, schemaOf } from './schema-errors.ts'

/** The property that tells the branches of a union apart, such as `op` or `grant_type`. */
interface Tag {
  readonly name: string
  /** The values of all branches, with the branch of each. */
  readonly branches: ReadonlyMap<unknown, number>
  /** The branches that may leave the tag out. */
  readonly implied: ReadonlySet<number>
}

/**
 * The errors that the client is to see. Ajv reports those of every branch of a union: of these we keep the ones of the
 * branch that the client means. A body may have thousands of errors, so the time is proportional to their number.
 * `depth`: the number of unions around.
 */
export function relevant(errors: readonly ErrorObject[], depth = 0): readonly ErrorObject[] {
  const isUnion = ({ keyword, schemaPath }: ErrorObject): boolean =>
    (keyword === 'oneOf' || keyword === 'anyOf') && branchesOn(schemaPath).length === depth
  const unions = new Map(errors.filter(isUnion).map((error) => [error.instancePath, error]))
  if (unions.size === 0) return errors
  const groups = Map.groupBy(
    errors.filter((error) => !isUnion(error)),
    ({ instancePath }) => outermost(instancePath, unions),
  )
  const inside = [...unions]
    .filter(([path]) => outermost(path, unions) === path)
    .flatMap(([path, union]) => meant(union, groups.get(path) ?? [], depth))
  return [...(groups.get(undefined) ?? []), ...inside]
}

/** The first of these places on the way to a path, or the path itself; undefined if none is. */
function outermost(path: string, places: ReadonlyMap<string, unknown>): string | undefined {
  for (let end = 0; end !== -1; end = path.indexOf('/', end + 1)) {
    if (places.has(path.slice(0, end))) return path.slice(0, end)
  }
  return places.has(path) ? path : undefined
}

/** The branches on the way to a rule: `#/oneOf/0/required` and `#/oneOf/0/properties/…` belong to one branch. */
function branchesOn(schemaPath: string): number[] {
  return Array.from(schemaPath.matchAll(/\/(?:oneOf|anyOf)\/(\d+)/g), ([, index]) => Number(index))
}

/** Of the errors of a union, those of the branch that its tag names, or what is wrong with the tag. */
function meant(union: ErrorObject, errors: readonly ErrorObject[], depth: number): readonly ErrorObject[] {
  const byBranch = Map.groupBy(errors, ({ schemaPath }) => branchesOn(schemaPath)[depth])
  const errorsOf = (branch: number | undefined): readonly ErrorObject[] =>
    relevant(byBranch.get(branch) ?? [], depth + 1)
  const tag = tagOf(schemaOf(union))
  const value: unknown = union.data
  const [fewest] = [...byBranch.keys()].toSorted((a, b) => size(byBranch, a) - size(byBranch, b))
  if (tag === undefined) return fewest === undefined ? [union] : errorsOf(fewest)
  if (!isJsonObject(value))
    return errors
      .filter(({ keyword, instancePath }) => keyword === 'type' && instancePath === union.instancePath)
      .slice(0, 1)
  const isMissing = !Object.hasOwn(value, tag.name)
  const named = isMissing ? implied(tag, byBranch, fewest) : tag.branches.get(value[tag.name])
  if (named !== undefined) return errorsOf(named)
  return [tagFault(union, tag, isMissing), ...shared(union, byBranch, tag)]
}

function size(byBranch: ReadonlyMap<unknown, readonly unknown[]>, branch: unknown): number {
  return byBranch.get(branch)?.length ?? 0
}

/** The branch of a value without a tag: one that may leave it out, unless another one fits the value better. */
function implied(
  { implied: branches }: Tag,
  byBranch: ReadonlyMap<number | undefined, readonly ErrorObject[]>,
  fewest: number | undefined,
): number | undefined {
  return [...branches].find((branch) => size(byBranch, branch) <= size(byBranch, fewest))
}

/** What is wrong with the tag, in the form of Ajv's errors. */
function tagFault({ instancePath, data }: ErrorObject, { name, branches }: Tag, isMissing: boolean): ErrorObject {
  const values = [...branches.keys()]
  const parentSchema = { properties: { [name]: { enum: values } } }
  if (isMissing)
    return { keyword: 'required', instancePath, schemaPath: '', params: { missingProperty: name }, parentSchema }
  const path = `${instancePath}/${escapeToken(name)}`
  const sent = isJsonObject(data) ? data[name] : undefined
  return { keyword: 'enum', instancePath: path, schemaPath: '', params: { allowedValues: values }, data: sent }
}

/** The errors that every branch reports, except those about the tag. */
function shared(
  union: ErrorObject,
  byBranch: ReadonlyMap<number | undefined, readonly ErrorObject[]>,
  { name }: Tag,
): readonly ErrorObject[] {
  const { instancePath } = union
  const branches = branchesOf(schemaOf(union))
  const tagPath = `${instancePath}/${escapeToken(name)}`
  const same = Map.groupBy([...byBranch.values()].flat(), keyOf)
  // What no branch knows is told with the names that any of them knows.
  const properties = Object.fromEntries(
    branches.flatMap((branch) => Object.entries(object(branch['properties'] ?? {}))),
  )
  return [...same.values()].flatMap(([error, ...others]) => {
    if (error === undefined || others.length + 1 < branches.length) return []
    if (error.instancePath === tagPath || memberOf(error) === name) return []
    const isHere = error.keyword === 'additionalProperties' && error.instancePath === instancePath
    return [isHere ? { ...error, parentSchema: { properties } } : error]
  })
}

function keyOf(error: ErrorObject): string {
  return JSON.stringify([error.instancePath, error.keyword, memberOf(error)])
}

const tags = new WeakMap<JsonObject, Tag | undefined>()

function tagOf(schema: JsonObject): Tag | undefined {
  if (!tags.has(schema)) tags.set(schema, findTag(branchesOf(schema)))
  return tags.get(schema)
}

function branchesOf(schema: JsonObject): JsonObject[] {
  return [...list(schema['oneOf']), ...list(schema['anyOf'])].map((branch) => object(branch))
}

/** The first property that has other fixed values in every branch. */
function findTag(branches: readonly JsonObject[]): Tag | undefined {
  const names = Object.keys(object(branches[0]?.['properties'] ?? {}))
  for (const name of names) {
    const values = branches.map((branch) => fixedValues(object(branch['properties'] ?? {})[name]))
    const all = values.flat()
    if (values.some(({ length }) => length === 0) || new Set(all).size < all.length) continue
    const pairs = values.flatMap((some, index) => some.map((value) => [value, index] as const))
    const optional = branches.flatMap((branch, index) => (list(branch['required']).includes(name) ? [] : [index]))
    return { name, branches: new Map(pairs), implied: new Set(optional) }
  }
  return undefined
}

function fixedValues(schema: Json | undefined): readonly Json[] {
  if (!isObject(schema)) return []
  return 'const' in schema ? [schema['const'] ?? null] : list(schema['enum'])
}
