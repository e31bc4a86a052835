import { expect, test } from 'vitest'
import { at, type Json, type JsonObject, object, string } from '../../src/contract/document/document.ts'
import type { Operation } from '../../src/contract/document/operations.ts'
import type { OperationId } from '../../src/contract/types.ts'
import { useServer } from '../support/fixtures.ts'
import { type Answer, enrol } from '../support/people.ts'
import { document, operationCalled, operations } from './harness/document-examples.ts'
import { type Attempt, isSuccess, send, wellFormed } from './operations.ts'

const server = useServer()

/** Every link of the document, with the operation whose reply has it. */
const links = operations.flatMap((from) =>
  [...from.responses.keys()].flatMap((status) => {
    const root = { pointer: '', value: document.root }
    const response = at(document.root, root, 'paths', from.path, from.method, 'responses', String(status))
    return Object.entries(object(response.value['links'] ?? {})).map(([name, value]) => ({
      from,
      status,
      name,
      link: object(value),
    }))
  }),
)

test.each(links.map((link) => ({ ...link, title: `${link.from.operationId} ${link.status} ${link.name}` })))(
  'the link $title can be followed as documented, and succeeds',
  async ({ from, status, link }) => {
    const person = await enrol(server)
    const authorization = `Bearer ${person.accessToken}`
    const first = await wellFormed(from, server, person)
    const reply = await send(server, first, authorization)
    expect(reply.status, reply.text).toBe(status)

    const to = operationCalled(string(link['operationId']) as OperationId)
    const valueOf = (expression: Json): Json => evaluate(expression, { from, first, reply })
    const given = Object.entries(object(link['parameters'] ?? {})).map(
      ([name, expression]) => [name, textOf(valueOf(expression))] as const,
    )
    const own = await wellFormed(to, server, person)
    const reached = await send(server, follow(to, own, new Map(given)), authorization)
    expect(isSuccess(reached), reached.text).toBe(true)
  },
)

test('replies that create, list or delete something have links', () => {
  expect(links.length).toBeGreaterThan(20)
})

/** The request of a link: its parameters, if the operation has them, and no others. */
function follow(to: Operation, own: Attempt, given: ReadonlyMap<string, string>): Attempt {
  const placed = [...given].map(([name, value]) => {
    const parameter = to.parameters.find((candidate) => candidate.name === name)
    if (parameter === undefined) throw new Error(`${to.operationId} takes no ${name}`)
    return { name, value, in: parameter.in }
  })
  const path = to.path.replace(/\{([^}]+)\}/g, (_, name: string) => given.get(name) ?? `the link gives no ${name}`)
  const headers = Object.fromEntries(
    placed.filter((parameter) => parameter.in === 'header').map(({ name, value }) => [name, value]),
  )
  const query = new URLSearchParams(
    placed.filter((parameter) => parameter.in === 'query').map(({ name, value }): [string, string] => [name, value]),
  )
  return {
    ...own,
    path: query.size === 0 ? path : `${path}?${query.toString()}`,
    headers: { ...own.headers, ...headers },
  }
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

interface Exchange {
  readonly from: Operation
  readonly first: Attempt
  readonly reply: Answer
}

/** A runtime expression (OpenAPI 3.1, section 4.8.20.4), or a constant. */
function evaluate(expression: Json, exchange: Exchange): Json {
  if (typeof expression !== 'string' || !expression.startsWith('$')) return expression
  const { from, first, reply } = exchange
  const [, source, rest = ''] = /^\$(response\.body#|response\.header\.|request\.path\.)(.+)$/.exec(expression) ?? []
  const place = from.path.split('/').indexOf(`{${rest}}`)
  const sources: Readonly<Record<string, () => Json | undefined>> = {
    'response.body#': () => resolve(JSON.parse(reply.text) as Json, rest),
    'response.header.': () => reply.headers.get(rest) ?? undefined,
    'request.path.': () => first.path.split('/')[place],
  }
  const value = sources[source ?? '']?.()
  if (value === undefined) throw new Error(`${expression} is nothing after ${from.operationId}`)
  return value
}

function resolve(value: Json, pointer: string): Json | undefined {
  return pointer
    .split('/')
    .slice(1)
    .reduce<Json | undefined>((node, key) => (node === undefined ? undefined : (node as JsonObject)[key]), value)
}
