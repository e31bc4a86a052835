import { describe, expect, test } from 'vitest'
import { type ContractDocument, type Json, type JsonObject, object } from '../../src/contract/document/document.ts'
import { compileContract } from '../../src/contract/compile.ts'
import { createDispatcher } from '../../src/contract/dispatcher.ts'
import { createStreams } from '../../src/contract/reply/streams.ts'
import type { Operation } from '../../src/contract/document/operations.ts'
import type { Handlers } from '../../src/contract/types.ts'
import { document, operations } from './harness/document-examples.ts'

const cases = operations.map((operation) => ({ operation, id: operation.operationId }))
const handlers = Object.fromEntries(operations.map(({ operationId }) => [operationId, unreachable]))

const compiled = compileContract(document.root)

function unreachable(): Promise<never> {
  throw new Error('No request is made in these tests')
}

async function boot(given: { document?: ContractDocument; handlers?: object }): Promise<unknown> {
  return createDispatcher({
    document: given.document ?? document,
    ...(given.document === undefined && { compiled }),
    handlers: (given.handlers ?? handlers) as unknown as Handlers,
    authenticate: unreachable,
    streams: createStreams({ endedCallers: unreachable, onCheckFailure: () => undefined }),
    replies: 'off',
    onBrokenReply: () => undefined,
    onStreamFailure: () => undefined,
    addressOf: (path) => path,
  })
}

/** The document with one operation changed. */
function changed({ path, method }: Operation, change: (operation: JsonObject) => JsonObject): ContractDocument {
  const paths = object(document.root['paths'])
  const item = object(paths[path])
  const altered = { ...paths, [path]: { ...item, [method]: change(object(item[method])) } }
  return { ...document, root: { ...document.root, paths: altered } }
}

function withSecurity(operation: Operation, security: Json): ContractDocument {
  return changed(operation, (given) => ({ ...given, security }))
}

function contentOf(responses: JsonObject): JsonObject {
  return object(object(responses['200'])['content'])
}

test('the server starts with the contract', async () => {
  await expect(boot({})).resolves.toBeDefined()
})

test.each(cases)(
  'no server without the security of $id, not even with one for the whole document',
  async ({ operation, id }) => {
    const bare = changed(operation, (given) =>
      Object.fromEntries(Object.entries(given).filter(([key]) => key !== 'security')),
    )
    await expect(boot({ document: bare })).rejects.toThrow(`${id} does not state its security`)
    const general = { ...bare, root: { ...bare.root, security: [{ oauth2: [] }] } }
    await expect(boot({ document: general })).rejects.toThrow(`${id} does not state its security`)
  },
)

test.each(cases)(
  'no server with an empty requirement at $id, which would admit bad tokens',
  async ({ operation, id }) => {
    const message = `${id} has an empty security requirement`
    await expect(boot({ document: withSecurity(operation, [{}]) })).rejects.toThrow(message)
    await expect(boot({ document: withSecurity(operation, [{ oauth2: [] }, {}]) })).rejects.toThrow(message)
  },
)

test.each(cases)(
  'no server with a security scheme at $id that the document does not declare',
  async ({ operation, id }) => {
    await expect(boot({ document: withSecurity(operation, [{ oauth3: [] }]) })).rejects.toThrow(
      `${id} names an undeclared security scheme: oauth3`,
    )
  },
)

test.each(cases)('no server without a handler for $id', async ({ id }) => {
  const others = Object.fromEntries(Object.entries(handlers).filter(([name]) => name !== id))
  await expect(boot({ handlers: others })).rejects.toThrow(`No handler for ${id}`)
})

test('no server with a handler without an operation', async () => {
  await expect(boot({ handlers: { ...handlers, getNotee: unreachable } })).rejects.toThrow(
    'No such operation: getNotee',
  )
})

test.each(['head', 'options', 'trace', 'query'])(
  'no server with %s in the document, which could not be served',
  async (method) => {
    const paths = {
      ...object(document.root['paths']),
      '/x': { [method]: { operationId: 'x', security: [], responses: {} } },
    }
    await expect(boot({ document: { ...document, root: { ...document.root, paths } } })).rejects.toThrow(
      `${method} /x cannot be served`,
    )
  },
)

test('no server with two operations of the same name', async () => {
  const [first, second] = operations
  if (first === undefined || second === undefined) throw new Error('The document has too few operations')
  const twins = changed(second, (given) => ({ ...given, operationId: first.operationId }))
  await expect(boot({ document: twins })).rejects.toThrow(`Two operations are called ${first.operationId}`)
})

describe('no server with a stream', () => {
  const stream = operations.find(({ operationId }) => operationId === 'streamChanges')
  if (stream === undefined) throw new Error('The document has no streamChanges')
  const withResponses = (change: (responses: JsonObject) => JsonObject): ContractDocument =>
    changed(stream, (given) => ({ ...given, responses: change(object(given['responses'])) }))

  test('on another status than 200', async () => {
    const moved = withResponses((responses) => ({ ...responses, '202': responses['200'] ?? null }))
    await expect(boot({ document: moved })).rejects.toThrow('is an event stream, but only a 200 can be one')
  })

  test('that has another media type as well', async () => {
    const mixed = withResponses((responses) => {
      const content = { ...contentOf(responses), 'application/json': { schema: {} } }
      return { ...responses, '200': { ...object(responses['200']), content } }
    })
    await expect(boot({ document: mixed })).rejects.toThrow('is an event stream and something else')
  })

  test('that cannot say why it ends', async () => {
    const endless = withResponses((responses) => {
      const media = object(contentOf(responses)['text/event-stream'])
      const events = Object.fromEntries(Object.entries(object(media['x-events'])).filter(([name]) => name !== 'end'))
      const content = { 'text/event-stream': { ...media, 'x-events': events } }
      return { ...responses, '200': { ...object(responses['200']), content } }
    })
    await expect(boot({ document: endless })).rejects.toThrow('is an event stream without the event "end"')
  })
})
