import { at, isObject, type Json, list, object, type Place, string } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { document } from '../harness/document-examples.ts'
import { schemaFaults } from '../harness/independent-check.ts'
import { type Bound, FAULTS, type Keyword, sample } from '../numbers/edges.ts'
import { valueOf } from '../numbers/edge-values.ts'
import { type Draft, valueAt, withValueAt } from './draft.ts'

const { root } = document

/** A way to make a good request wrong in one place. */
export interface Trial {
  readonly kind: 'union' | 'enum' | 'bound' | 'unknown name' | 'missing field' | 'type' | 'pattern or format'
  readonly title: string
  readonly spoil: (good: Draft) => Draft
}

/** A value of a request, by its schema. */
interface Spot {
  readonly where: Bound['in']
  /** As in `loc`, without the part of the request. */
  readonly steps: readonly string[]
  readonly schema: Place
  readonly isText: boolean
  /** Puts a value there, into a good request that has all around it; without one it is left out. */
  readonly put: (good: Draft, value: Json | undefined) => Draft
}

export function trialsOf(operation: Operation): Trial[] {
  const spots = [...parameterSpots(operation), ...bodySpots(operation)]
  return [
    {
      kind: 'unknown name',
      title: 'an unknown query parameter',
      spoil: (good) => ({ ...good, query: [...good.query, ['colour', 'red']] }),
    },
    ...spots.flatMap((spot) => [
      ...unionTrials(spot),
      ...enumTrials(spot),
      ...boundTrials(operation, spot),
      ...nameTrials(spot),
      ...typeTrials(spot),
      ...formTrials(spot),
    ]),
  ]
}

function trial(kind: Trial['kind'], spot: Spot, what: string, value: Json | undefined): Trial {
  const title = `${spot.where} ${spot.steps.join('/')}: ${what}`
  return { kind, title, spoil: (good) => spot.put(good, value) }
}

function* parameterSpots(operation: Operation): Generator<Spot> {
  for (const { name, in: where, schema } of operation.parameters) {
    const put: Spot['put'] = (good, value) => {
      const texts = [value ?? []].flat().map(textOf)
      if (where === 'path') return { ...good, path: { ...good.path, [name]: texts.join('') } }
      if (where === 'header') return { ...good, headers: { ...good.headers, [name]: texts.join('') } }
      const others = good.query.filter(([other]) => other !== name)
      return { ...good, query: [...others, ...texts.map((text): [string, string] => [name, text])] }
    }
    const spot = { where, isText: true, put }
    yield { ...spot, steps: [name], schema }
    if (isObject(schema.value['items'])) yield { ...spot, steps: [name, '0'], schema: at(root, schema, 'items') }
  }
}

function* bodySpots(operation: Operation): Generator<Spot> {
  for (const [mediaType, schema] of operation.body?.content ?? []) {
    const isText = !mediaType.includes('json')
    const headers = { 'Content-Type': mediaType }
    const put: Spot['put'] = (good, value) => ({ ...good, headers: { ...good.headers, ...headers }, body: value })
    yield* spotsWithin({ where: 'body', steps: [], schema, isText, put })
  }
}

/** A spot and all within it; a union once as such, and once for each of its branches. */
function* spotsWithin(spot: Spot): Generator<Spot> {
  const branches = branchesOf(spot.schema)
  if (branches.length > 0) yield spot
  for (const schema of branches) yield* spotsWithin({ ...spot, schema })
  if (branches.length > 0) return
  yield spot
  const whole = sample(spot.schema)
  const inside = (step: string, schema: Place): Spot => ({
    ...spot,
    steps: [...spot.steps, step],
    schema,
    put: (good, value) => spot.put(good, withValueAt(whole, [step], value) ?? null),
  })
  for (const name of Object.keys(object(spot.schema.value['properties'] ?? {})))
    yield* spotsWithin(inside(name, at(root, spot.schema, 'properties', name)))
  if (isObject(spot.schema.value['items']))
    yield* spotsWithin({
      ...inside('0', at(root, spot.schema, 'items')),
      put: (good, value) => spot.put(good, value === undefined ? [] : [value]),
    })
}

/** A tag that is missing, misspelt or unknown, and one that belongs to the fields of another branch. */
function unionTrials(spot: Spot): Trial[] {
  const branches = branchesOf(spot.schema)
  const [first] = branches
  if (first === undefined) return []
  const name = Object.keys(object(first.value['properties'])).find((property) =>
    branches.every((branch) => 'enum' in at(root, branch, 'properties', property).value),
  )
  if (name === undefined) throw new Error(`${spot.schema.pointer} is a union without a tag`)
  const tagsOf = (branch: Place): string[] => list(at(root, branch, 'properties', name).value['enum']).map(textOf)
  return branches.flatMap((branch) => {
    const whole = sample(branch)
    const all = branches.flatMap(tagsOf)
    const others = all.filter((tag) => !tagsOf(branch).includes(tag))
    const wrong = [undefined, 'zzzz', 7, ...all.flatMap((tag) => [`${tag}x`, tag.toUpperCase()])]
    return (
      [...wrong, ...others]
        .filter((tag) => !spot.isText || typeof tag !== 'number')
        .map((tag) => [tag, withValueAt(whole, [name], tag) ?? null] as const)
        // A branch may leave its tag out, and some branches have the same fields.
        .filter(([, value]) => schemaFaults(spot.schema.pointer, value).length > 0)
        .map(([tag, value]) => trial('union', spot, `${name}=${tag ?? 'none'}`, value))
    )
  })
}

function enumTrials(spot: Spot): Trial[] {
  const known = list(spot.schema.value['enum']).map(String)
  const wrong = known.flatMap((value) => [`${value}x`, value.toUpperCase()])
  return known.length === 0 ? [] : ['zzzz', ...wrong].map((value) => trial('enum', spot, value, value))
}

function boundTrials(operation: Operation, spot: Spot): Trial[] {
  const schema = spot.schema.value
  const items = isObject(schema['items']) ? at(root, spot.schema, 'items') : undefined
  const keywords = Object.keys(FAULTS) as Keyword[]
  return keywords.flatMap((keyword) => {
    const limit = schema[keyword]
    if (typeof limit !== 'number') return []
    const name = spot.where === 'body' ? `/${spot.steps.join('/')}` : spot.steps.join('/')
    const bound: Bound = {
      operation,
      in: spot.where,
      name,
      keyword,
      limit,
      schema,
      items: items?.value,
      body: undefined,
    }
    const size = limit + (keyword.startsWith('min') ? -1 : 1)
    if (size < 0 && keyword !== 'minimum') return []
    const item = items === undefined ? 'x' : sample(items)
    const value = valueOf(bound, size, item)
    // A path without a value, and a query without any, is another request.
    if (value === undefined || (value === '' && spot.where !== 'body')) return []
    return [trial('bound', spot, `${keyword} ${limit}`, value)]
  })
}

/** Fields that are unknown, misspelt or missing. */
function nameTrials(spot: Spot): Trial[] {
  const { value: schema } = spot.schema
  const properties = Object.keys(object(schema['properties'] ?? {}))
  if (spot.where === 'query' && spot.steps.length === 1) {
    const [name = ''] = spot.steps
    const misspelt = (other: string): Trial => ({
      kind: 'unknown name',
      title: `query ${other}`,
      spoil: (good) => {
        const value = sampleOf(spot.schema)
        const { query } = spot.put(good, value)
        return { ...good, query: query.map(([known, text]) => [known === name ? other : known, text]) }
      },
    })
    return misspellings(name).map(misspelt)
  }
  if (properties.length === 0) return []
  const whole = sample(spot.schema)
  const present = properties.map((name) => [name, at(root, spot.schema, 'properties', name)] as const)
  return [
    trial('unknown name', spot, 'an unknown field', withValueAt(whole, ['colour'], 'red')),
    ...present.flatMap(([name, schemaOfIt]) =>
      misspellings(name).map((other) => {
        const value = valueAt(whole, [name]) ?? sample(schemaOfIt)
        return trial('unknown name', spot, other, withValueAt(withValueAt(whole, [name], undefined), [other], value))
      }),
    ),
    ...list(schema['required'])
      .map(String)
      .map((name) => trial('missing field', spot, `without ${name}`, withValueAt(whole, [name], undefined))),
  ]
}

/** As one misspells names: a letter too few, and the habits of other languages. */
function misspellings(name: string): string[] {
  const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
  return [...new Set([name.length > 3 ? name.slice(0, -1) : `${name}s`, camel, name.toUpperCase()])].filter(
    (other) => other !== name,
  )
}

function typeTrials(spot: Spot): Trial[] {
  const { type } = spot.schema.value
  const texts: Readonly<Record<string, readonly string[]>> = { integer: ['many', '1.5'], boolean: ['yes', '2'] }
  const wrong = spot.isText
    ? (texts[string(type ?? '')] ?? [])
    : [null, 7, 'text', true, [], {}].filter((value) => !isOfType(value, type))
  return wrong.map((value) => trial('type', spot, JSON.stringify(value), value))
}

function isOfType(value: Json, type: Json | undefined): boolean {
  if (value === null) return false
  if (Array.isArray(value)) return type === 'array'
  return typeof value === type || (typeof value === 'number' && type === 'integer') || type === undefined
}

/** Texts of the right length that break the pattern or the format. */
function formTrials(spot: Spot): Trial[] {
  const { pattern, format, minLength = 0, maxLength = 100 } = spot.schema.value
  const least = Number(minLength)
  const rule = typeof pattern === 'string' ? new RegExp(pattern, 'u') : undefined
  // A header ends before a blank, and U+0000 is refused as such.
  const texts = ['a  b', ' ', 'x!y', '\u0001'].map((text) => text.padStart(least, text))
  const breaks = (text: string): boolean =>
    rule === undefined ? ['idn-email', 'uuid', 'date-time'].includes(string(format ?? '')) : !rule.test(text)
  const broken = texts.filter(
    (text) => text.length <= Number(maxLength) && (spot.where !== 'header' || /^[!-~]+$/.test(text)),
  )
  return broken
    .filter(breaks)
    .slice(0, 1)
    .map((text) => trial('pattern or format', spot, JSON.stringify(text.slice(0, 40)), text))
}

function branchesOf(schema: Place): Place[] {
  return list(schema.value['oneOf']).map((_, index) => at(root, schema, 'oneOf', String(index)))
}

function sampleOf({ value }: Place): Json {
  const [known] = [...list(value['examples']), ...list(value['enum'])]
  if (known !== undefined) return known
  if (value['type'] === 'boolean') return true
  return value['type'] === 'integer' ? 1 : value['type'] === 'array' ? ['groceries'] : 'abc'
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
