import { at, list, type Place } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import type { Answer } from '../../support/people.ts'
import { document, operations } from '../harness/document-examples.ts'
import { PLATFORM_HEADERS } from '../harness/platform-headers.ts'
import { propertiesOf } from './fields.ts'
import { toText } from './mask.ts'

/** Members that every problem has. They say how an operation failed, not what it answers. */
const OF_EVERY_PROBLEM: ReadonlySet<string> = new Set(
  propertiesOf({ pointer: '', value: problemSchema() }).map(([name]) => name),
)

/** What must be seen of each part of an answer: these values, or `varies` for any two different ones. */
export function answerMarks(): string[] {
  return operations.flatMap(({ operationId, responses }) =>
    [...responses]
      .filter(([status]) => isTelling(status))
      .flatMap(([status, { content, headers }]) => {
        const parts = headers.filter(({ name }) => !PLATFORM_HEADERS.has(name))
        const named = parts.flatMap(({ name, required, schema }) =>
          marksOf(`${operationId} ${status} header ${name}`, schema, required),
        )
        const bodies = [...content.values()].flatMap((schema) =>
          marksOf(`${operationId} ${status} `, schema, true, status >= 400),
        )
        return [...named, ...bodies]
      }),
  )
}

/** Successes, and the two refusals that contain versions of a note. */
function isTelling(status: number): boolean {
  return status < 400 || status === 409 || status === 412
}

function marksOf(name: string, schema: Place, isRequired: boolean, isProblem = false): string[] {
  const { type, enum: members, const: constant } = schema.value
  const marks = isRequired ? [] : [`${name} left out`]
  if (type === 'object') {
    const required = list(schema.value['required'])
    const properties = propertiesOf(schema).filter(([property]) => !isProblem || !OF_EVERY_PROBLEM.has(property))
    return [
      ...marks,
      ...properties.flatMap(([property, value]) => marksOf(join(name, property), value, required.includes(property))),
    ]
  }
  if (type === 'array') {
    const none = Number(schema.value['minItems'] ?? 0) === 0 ? [`${name} empty`] : []
    return [...marks, ...none, ...marksOf(`${name}[]`, at(document.root, schema, 'items'), true)]
  }
  if (list(type).includes('null')) marks.push(`${name}=null`)
  const values = type === 'boolean' ? [true, false] : list(members)
  if (values.length > 0) return [...marks, ...values.map((value) => `${name}=${toText(value)}`)]
  return constant === undefined ? [...marks, `${name} varies`] : marks
}

/** Collects the values of the answers. */
class SeenAnswers {
  readonly #values = new Map<string, Set<string>>()

  add({ operationId, responses }: Operation, { status, headers, text }: Answer): void {
    const response = responses.get(status)
    if (response === undefined || !isTelling(status)) return
    const name = `${operationId} ${status}`
    for (const header of response.headers) {
      this.#see(`${name} header ${header.name}`, header.schema, headers.get(header.name) ?? undefined)
    }
    const [schema] = response.content.values()
    const isStream = headers.get('content-type') === 'text/event-stream'
    if (schema !== undefined) this.#see(`${name} `, schema, isStream ? text : JSON.parse(text))
  }

  /** Whether a mark of `answerMarks` was seen. */
  has(mark: string): boolean {
    if (mark.endsWith(' varies')) return (this.#values.get(mark.slice(0, -' varies'.length))?.size ?? 0) > 1
    if (mark.endsWith(' left out'))
      return this.#values.get(mark.slice(0, -' left out'.length))?.has('left out') ?? false
    if (mark.endsWith(' empty')) return this.#values.get(mark.slice(0, -' empty'.length))?.has('empty') ?? false
    const [, name = '', value = ''] = /^(.*?)=(.*)$/.exec(mark) ?? []
    return this.#values.get(name)?.has(value) ?? false
  }

  #see(name: string, schema: Place, value: unknown): void {
    if (value === undefined) this.#note(name, 'left out')
    else if (Array.isArray(value)) {
      if (value.length === 0) this.#note(name, 'empty')
      const items = at(document.root, schema, 'items')
      for (const item of value) this.#see(`${name}[]`, items, item)
    } else if (typeof value === 'object' && value !== null) {
      for (const [property, within] of propertiesOf(schema)) {
        this.#see(join(name, property), within, (value as Record<string, unknown>)[property])
      }
    } else this.#note(name, toText(value))
  }

  #note(name: string, value: string): void {
    const values = this.#values.get(name) ?? new Set()
    this.#values.set(name, values.add(value))
  }
}

function join(name: string, key: string): string {
  return name.endsWith(' ') ? name + key : `${name}.${key}`
}

function problemSchema() {
  return at(document.root, { pointer: '', value: document.root }, 'components', 'schemas', 'Problem').value
}

/** The answers to the requests of all effects. */
export const answers = new SeenAnswers()
