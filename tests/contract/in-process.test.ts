import { expect, test } from 'vitest'
import { compileContract } from '../../src/contract/compile.ts'
import { createDispatcher } from '../../src/contract/dispatcher.ts'
import { createStreams } from '../../src/contract/reply/streams.ts'
import type { IncomingRequest } from '../../src/contract/request/incoming.ts'
import type { Caller, Handlers } from '../../src/contract/types.ts'
import { document, operations } from './harness/document-examples.ts'
import { everywhere, type LooseHandler, testCaller } from './harness/served-contract.ts'

const compiled = compileContract(document.root)
const NOTE = '/notes/019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2'

/** A dispatcher without a socket. It never asks for a credential: the request names its caller. */
function dispatcherWith(handler: LooseHandler) {
  const ids = operations.map(({ operationId }) => operationId)
  return createDispatcher({
    document,
    compiled,
    handlers: everywhere(ids, handler) as unknown as Handlers,
    authenticate: () => Promise.reject(new Error('No credential is looked at')),
    streams: createStreams({ endedCallers: async () => new Set(), onCheckFailure: () => undefined }),
    replies: 'enforce',
    onBrokenReply: () => undefined,
    onStreamFailure: () => undefined,
    addressOf: (path) => path,
  })
}

function call(method: string, path: string, caller: Caller, body?: unknown): IncomingRequest {
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  return {
    method,
    path,
    query: '',
    headers: { 'content-type': 'application/json' },
    body: bytes === undefined ? undefined : async (_, use) => use(bytes),
    accepts: () => true,
    client: { address: '127.0.0.1', userAgent: undefined },
    caller,
    exchange: { requestId: 'a', startedAt: 0 },
    abort: new AbortController(),
  }
}

test('an operation is called in this process, with a caller and without a socket', async () => {
  const { handle } = dispatcherWith(async (request, reply) => {
    expect(request).toMatchObject({ caller: testCaller, path: { note_id: NOTE.slice(7) } })
    return reply(204)
  })
  const reply = await handle(call('DELETE', NOTE, testCaller))
  expect(reply).toEqual({ status: 204, headers: { 'X-Request-Id': 'a' }, content: undefined })
})

test('such a call is checked against the contract like any other: scopes, body and reply', async () => {
  const { handle } = dispatcherWith(async (_, reply) => reply(200, { secret: 'x' }))
  const reader: Caller = { ...testCaller, scopes: ['notes:read'] }
  await expect(handle(call('DELETE', NOTE, reader))).rejects.toMatchObject({ slug: 'insufficient-scope' })
  await expect(handle(call('POST', '/notes', testCaller, { title: '' }))).rejects.toMatchObject({ status: 422 })
  await expect(handle(call('GET', NOTE, testCaller))).rejects.toThrow('breaks the contract')
})
