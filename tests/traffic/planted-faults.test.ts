import type { RequestListener } from 'node:http'
import { beforeAll, expect, test } from 'vitest'
import { type JsonObject, list, object } from '../../src/contract/document/document.ts'
import type { Caller } from '../../src/contract/types.ts'
import { Problem } from '../../src/http/problem.ts'
import { compareContracts } from '../contract/evolution/compare.ts'
import { ask } from '../support/people.ts'
import { document, operationCalled, operations, responseExamples } from '../contract/harness/document-examples.ts'
import { secondOpinion, type SecondOpinion } from './prism.ts'
import { everywhere, type LooseHandler, serveContract } from '../contract/harness/served-contract.ts'
import { contractViolations, place } from './traffic.ts'

const NOTE = '/notes/019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2'
const [{ value: note } = { value: {} }] = responseExamples(operationCalled('getNote'), 200)
const good = note as Record<string, unknown>
const ids = operations.map(({ operationId }) => operationId)
const etag = { ETag: '"1"' }
const right: LooseHandler = async (_, reply) => reply(200, good, etag)

/** A fault of a handler, or of something that stands before the contract and so escapes it. */
interface Fault {
  readonly does?: LooseHandler
  readonly before?: (app: RequestListener) => RequestListener
  readonly path?: string
}

const faults: Readonly<Record<string, Fault>> = {
  'an extra reply field': { does: async (_, reply) => reply(200, { ...good, password_hash: 'x' }, etag) },
  'a wrong type': { does: async (_, reply) => reply(200, { ...good, version: '1' }, etag) },
  'a bad format': { does: async (_, reply) => reply(200, { ...good, created_at: 'yesterday, at noon, or so' }, etag) },
  'null where it is not allowed': { does: async (_, reply) => reply(200, { ...good, title: null }, etag) },
  'a missing field': { does: async (_, reply) => reply(200, { ...good, title: undefined }, etag) },
  'an undocumented status': { does: async (_, reply) => reply(202, good, etag) },
  'a missing required header': { does: async (_, reply) => reply(200, good, {}) },
  'an undocumented header': { does: async (_, reply) => reply(200, good, { ...etag, 'X-Secret': 'x' }) },
  'a wrong media type': { before: withContentType('text/html') },
  'an undocumented route': { before: withRoute('/secret'), path: '/secret' },
}

/** What the other implementation does not look at. */
const UNSEEN_BY_PRISM = new Set(['an undocumented header', 'an undocumented route'])

let prism: SecondOpinion

beforeAll(async () => {
  prism = await secondOpinion(document.root)
})

test.each(Object.keys(faults))(
  '%s is found in the traffic, by us and by an implementation that is not ours',
  async (title) => {
    const { does = right, before, path = NOTE } = faults[title] ?? {}
    const server = await serveContract({ handlers: everywhere(ids, does), ...(before && { before }), replies: 'off' })
    expect((await ask(server, 'GET', path)).status).toBeLessThan(300)
    await server.stop()
    const placed = server.exchanges.map(place)
    expect(placed.flatMap(contractViolations)).toHaveLength(1)
    const second = placed.flatMap(prism)
    expect(second.length > 0, second.join()).toBe(!UNSEEN_BY_PRISM.has(title))
  },
)

const ofHandlers = Object.entries(faults).filter(([, { does }]) => does !== undefined)

test.each(ofHandlers)('%s does not leave a server that enforces its contract', async (_, { does = right }) => {
  const server = await serveContract({ handlers: everywhere(ids, does) })
  expect((await ask(server, 'GET', NOTE)).status).toBe(500)
  await server.stop()
})

test('an answer without a fault is found by nobody', async () => {
  const server = await serveContract({ handlers: everywhere(ids, right) })
  expect((await ask(server, 'GET', NOTE)).status).toBe(200)
  await server.stop()
  const placed = server.exchanges.map(place)
  expect(placed).toHaveLength(1)
  expect([...placed.flatMap(contractViolations), ...placed.flatMap(prism)]).toEqual([])
})

const guarded = operations.filter(({ security }) =>
  security.some((requirement) => Object.values(requirement).flat().length > 0),
)

test('scopes taken out of the contract let everybody in, and each of them is found', async () => {
  const bare = withoutScopes(document.root)
  const handlers = everywhere(ids, async () => Promise.reject(new Problem('unavailable', 'The handler was reached.')))
  const nobody: Caller = { userId: 'u', credential: { kind: 'session', id: 's' }, scopes: [] }
  const authenticate = async (): Promise<Caller> => nobody
  const asItIs = await serveContract({ handlers, authenticate })
  const open = await serveContract({ handlers, authenticate, document: { ...document, root: bare } })
  for (const { operationId, method, path } of guarded) {
    const address = path.replace('{version}', '1').replace(/\{[^}]+\}/g, NOTE.slice('/notes/'.length))
    expect((await ask(asItIs, method.toUpperCase(), address)).status, operationId).toBe(403)
    expect((await ask(open, method.toUpperCase(), address)).status, operationId).not.toBe(403)
  }
  await Promise.all([asItIs.stop(), open.stop()])
  const found = compareContracts(document.root, bare).map(({ id, impact }) => `${impact} ${id}`)
  expect(guarded.length).toBeGreaterThan(20)
  expect(found.toSorted()).toEqual(
    guarded.map(({ operationId }) => `security security-loosened ${operationId}`).toSorted(),
  )
})

function withoutScopes(root: JsonObject): JsonObject {
  const copy = structuredClone(root)
  for (const { path, method } of guarded) {
    const operation = object(object(object(copy['paths'])[path])[method])
    const schemes = list(operation['security']).flatMap((requirement) => Object.keys(object(requirement)))
    Object.assign(operation, { security: schemes.map((scheme) => ({ [scheme]: [] })) })
  }
  return copy
}

function withContentType(type: string) {
  return (app: RequestListener): RequestListener =>
    (request, response) => {
      const setHeader = response.setHeader.bind(response)
      response.setHeader = (name, value) => setHeader(name, name === 'Content-Type' ? type : value)
      return app(request, response)
    }
}

function withRoute(path: string) {
  return (app: RequestListener): RequestListener =>
    (request, response) =>
      request.url === path ? response.end('hello') : app(request, response)
}
