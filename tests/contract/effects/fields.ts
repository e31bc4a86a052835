import { at, isObject, type Json, list, type Place } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { document, operations } from '../harness/document-examples.ts'
import { schemaFaults } from '../harness/independent-check.ts'
import { toText } from './mask.ts'

/** A part of a request that must have an effect: a parameter, a property of the body or a branch of a union. */
export interface Field {
  /** Such as `listNotes query sort` or `editNote body edits[]<AppendEdit>.text`. */
  readonly name: string
  readonly marks: readonly Mark[]
}

/** A value that needs a sample of its own: a member of an enum, a boolean, a bound of a number, an empty list. */
interface Mark {
  readonly name: string
  /** `undefined` stands for a field that is left out. */
  readonly matches: (value: Json | undefined) => boolean
}

/** Numbers with a larger bound, such as versions, need no sample at their bounds. */
const LARGEST_BOUND = 10_000

/** Every field of every request, from the document. */
export function requestFields(): Field[] {
  return operations.flatMap((operation) => {
    const { operationId, parameters, body } = operation
    const given = parameters.map(({ name, in: where, schema }) => toField(`${operationId} ${where} ${name}`, schema))
    const [[, schema] = []] = body?.content ?? []
    if (schema === undefined || body === undefined) return given
    const types =
      body.content.size > 1
        ? [...body.content.keys()].map((type) => ({ name: `${operationId} media type=${type}`, marks: [] }))
        : []
    return [...given, ...types, ...fieldsWithin(`${operationId} body `, schema)]
  })
}

/** The fields inside a schema, without the schema itself. */
function fieldsWithin(name: string, schema: Place): Field[] {
  const branches = branchesOf(schema)
  if (branches.length > 0) {
    return branches.flatMap(([branch, place]) => [
      { name: name + branch, marks: [] },
      ...fieldsWithin(name + branch, place),
    ])
  }
  const items = 'items' in schema.value ? at(document.root, schema, 'items') : undefined
  if (items !== undefined) return fieldsWithin(name, items)
  return propertiesOf(schema).flatMap(([property, place]) => {
    const isArray = place.value['type'] === 'array'
    const path = join(name, property)
    const within = fieldsWithin(isArray ? `${path}[]` : path, place)
    // A property with one possible value identifies the branch, which has an entry already.
    return isTheBranch(schema, property, place) ? within : [toField(path, place), ...within]
  })
}

/** The field at a place of a request. In a union it is that of the branch that `body` matches. */
export function fieldAt(operation: Operation, where: string, keys: readonly string[], body: Json): Field {
  if (where === 'media type') return { name: `${operation.operationId} media type=${keys.join('/')}`, marks: [] }
  if (where !== 'body') {
    const parameter = operation.parameters.find((candidate) => candidate.in === where && candidate.name === keys[0])
    const name = `${operation.operationId} ${where} ${keys.join('.')}`
    return parameter === undefined ? { name, marks: [] } : toField(name, parameter.schema)
  }
  const [[, root] = []] = operation.body?.content ?? []
  if (root === undefined) throw new Error(`${operation.operationId} takes no body`)
  let [path, schema, value]: [string, Place, Json | undefined] = [`${operation.operationId} body `, root, body]
  for (const key of keys) {
    ;[path, schema] = intoBranch(path, schema, value)
    const isArray = Array.isArray(value)
    path = isArray ? `${path}[]` : join(path, key)
    schema = isArray ? at(document.root, schema, 'items') : at(document.root, schema, 'properties', key)
    value = (value as Record<string, Json> | undefined)?.[key]
  }
  ;[path, schema] = intoBranch(path, schema, value)
  return toField(path, schema)
}

function join(path: string, key: string): string {
  return path.endsWith(' ') ? path + key : `${path}.${key}`
}

function intoBranch(path: string, schema: Place, value: Json | undefined): [string, Place] {
  const branches = branchesOf(schema)
  if (branches.length === 0) return [path, schema]
  const fitting = branches.find(([, place]) => schemaFaults(place.pointer, value).length === 0)
  if (fitting === undefined) throw new Error(`${JSON.stringify(value)} fits no branch of ${schema.pointer}`)
  return [path + fitting[0], fitting[1]]
}

function toField(name: string, schema: Place): Field {
  return { name, marks: marksOf(schema).map((mark) => ({ ...mark, name: name + mark.name })) }
}

function marksOf(schema: Place): Mark[] {
  const { type, default: preset, minItems = 0, maxItems, minLength = 0, minimum, maximum, enum: members } = schema.value
  const values = type === 'boolean' ? [true, false] : list(members).length > 1 ? list(members) : []
  const marks: Mark[] = values.map((member) => ({ name: `=${toText(member)}`, matches: (value) => value === member }))
  if (preset !== undefined) marks.push({ name: ' left out', matches: (value) => value === undefined })
  if (type === 'array') {
    const items = list(at(document.root, schema, 'items').value['enum'])
    const most = items.length > 0 ? items.length : Number(maxItems)
    for (const item of items) marks.push({ name: `[]=${toText(item)}`, matches: (value) => list(value).includes(item) })
    if (minItems === 0) marks.push({ name: ' empty', matches: (value) => Array.isArray(value) && value.length === 0 })
    marks.push({ name: ` of ${most}`, matches: (value) => list(value).length === most })
  }
  if (type === 'string' && minLength === 0 && members === undefined)
    marks.push({ name: ' empty', matches: (value) => value === '' })
  if (type === 'integer' && Number(maximum) <= LARGEST_BOUND) {
    for (const bound of [minimum, maximum])
      marks.push({ name: `=${toText(bound)}`, matches: (value) => value === bound })
  }
  return marks
}

/** The default of a field. */
export function defaultAt(operation: Operation, where: string, keys: readonly string[]): Json | undefined {
  const [[, root] = []] = operation.body?.content ?? []
  const parameter = operation.parameters.find((candidate) => candidate.in === where && candidate.name === keys[0])
  if (where !== 'body' || keys.length !== 1) return parameter?.schema.value['default']
  const property = root === undefined ? undefined : propertiesOf(root).find(([name]) => name === keys[0])
  return property?.[1].value['default']
}

export function propertiesOf(schema: Place): (readonly [string, Place])[] {
  const names = isObject(schema.value['properties']) ? Object.keys(schema.value['properties']) : []
  return names.map((name) => [name, at(document.root, schema, 'properties', name)] as const)
}

function branchesOf(schema: Place): (readonly [string, Place])[] {
  return list(schema.value['oneOf']).map((_, index) => {
    const place = at(document.root, schema, 'oneOf', String(index))
    return [`<${place.pointer.split('/').at(-1)}>`, place] as const
  })
}

function isTheBranch(schema: Place, property: string, place: Place): boolean {
  return list(place.value['enum']).length === 1 && list(schema.value['required']).includes(property)
}
