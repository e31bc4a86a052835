import { at, list, type Place } from '../../../src/contract/document.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import type { Exchange } from '../../traffic/recorder.ts'
import { place, textOf } from '../../traffic/traffic.ts'
import { document, operations } from '../document-examples.ts'
import { propertiesOf } from './fields.ts'

/** Members that every problem has: not what an operation answers, but how it fails. */
const OF_EVERY_PROBLEM: ReadonlySet<string> = new Set(propertiesOf({ pointer: '', value: problemSchema() }).map(([name]) => name))

/** What each part of an answer must be seen to be: these values, or `varies` for two that differ. */
export function answerMarks(): string[] {
  return operations.flatMap(({ operationId, responses }) =>
    [...responses]
      .filter(([status]) => isTelling(status))
      .flatMap(([status, { content, headers }]) => {
        const parts = headers.filter(({ name }) => name !== 'X-Request-Id')
        const named = parts.flatMap(({ name, required, schema }) => marksOf(`${operationId} ${status} header ${name}`, schema, required))
        const bodies = [...content.values()].flatMap((schema) => marksOf(`${operationId} ${status} `, schema, true, status >= 400))
        return [...named, ...bodies]
      }),
  )
}

/** Successes, and the two refusals that carry a note and what became of it. */
function isTelling(status: number): boolean {
  return status < 400 || status === 409 || status === 412
}

function marksOf(name: string, schema: Place, isRequired: boolean, isProblem = false): string[] {
  const { type, enum: members, const: constant } = schema.value
  const marks = isRequired ? [] : [`${name} left out`]
  if (type === 'object') {
    const required = list(schema.value['required'])
    const properties = propertiesOf(schema).filter(([property]) => !isProblem || !OF_EVERY_PROBLEM.has(property))
    return [...marks, ...properties.flatMap(([property, value]) => marksOf(join(name, property), value, required.includes(property)))]
  }
  if (type === 'array') {
    const none = Number(schema.value['minItems'] ?? 0) === 0 ? [`${name} empty`] : []
    return [...marks, ...none, ...marksOf(`${name}[]`, at(document.root, schema, 'items'), true)]
  }
  if (list(type).includes('null')) marks.push(`${name}=null`)
  const values = type === 'boolean' ? [true, false] : list(members)
  if (values.length > 0) return [...marks, ...values.map((value) => `${name}=${String(value)}`)]
  return constant === undefined ? [...marks, `${name} varies`] : marks
}

/** What the answers of a run were seen to be. */
class SeenAnswers {
  readonly #values = new Map<string, Set<string>>()

  add(exchange: Exchange): void {
    const { operation } = place(exchange)
    const response = operation?.responses.get(exchange.status)
    if (operation === undefined || response === undefined || !isTelling(exchange.status)) return
    const name = `${operation.operationId} ${exchange.status}`
    for (const header of response.headers) {
      this.#see(`${name} header ${header.name}`, header.schema, exchange.headers[header.name.toLowerCase()])
    }
    const [schema] = response.content.values()
    if (schema !== undefined) this.#see(`${name} `, schema, JSON.parse(textOf(exchange.body)))
  }

  /** Whether a mark of `answerMarks` was seen. */
  has(mark: string): boolean {
    if (mark.endsWith(' varies')) return (this.#values.get(mark.slice(0, -' varies'.length))?.size ?? 0) > 1
    if (mark.endsWith(' left out')) return this.#values.get(mark.slice(0, -' left out'.length))?.has('left out') ?? false
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
    } else this.#note(name, String(value))
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

/** Those of every server that a case asks. */
export const answers = new SeenAnswers()

/** A server whose answers are among them. */
export function observed(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  return startServer({ ...options, onExchange: (exchange) => answers.add(exchange) })
}
