import type { Express, RequestHandler } from 'express'
import pino from 'pino'
import { beforeEach, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createStreams } from '../../src/contract/reply/streams.ts'
import type { Handlers } from '../../src/contract/types.ts'
import { createCrossOrigin } from '../../src/http/cross-origin.ts'
import { createSlots } from '../../src/http/slots.ts'
import { document, operations } from './harness/document-examples.ts'
import { everywhere } from './harness/served-contract.ts'

/** The pages outside the contract (docs/decisions/0002). Every other reply comes from the dispatcher. */
const PAGES = [
  '/',
  '/docs',
  '/redoc',
  '/openapi.yaml',
  '/openapi.json',
  '/problems',
  '/problems/:slug',
  '/docs/assets/:version/:name',
].map((path) => `get ${path}`)

/** The part of express's record of a route or handler that we need. */
interface Layer {
  readonly name: string
  /** Whether it is called for every path. */
  readonly slash: boolean
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> }
  readonly handle: { readonly stack?: readonly Layer[] }
}

/** Every method and path that express itself routes, and every handler that is called for some paths only. */
function routesOf(stack: readonly Layer[]): string[] {
  return stack.flatMap(({ name, slash, route, handle }) => {
    if (route !== undefined) return Object.keys(route.methods).map((method) => `${method} ${route.path}`)
    return [...(slash ? [] : [`all below some path: ${name}`]), ...routesOf(handle.stack ?? [])]
  })
}

const hidden: RequestHandler = (_, response) => void response.end()

let app: Express

beforeEach(async () => {
  const ids = operations.map(({ operationId }) => operationId)
  app = createApp({
    document,
    handlers: everywhere(ids, async () => undefined) as unknown as Handlers,
    authenticate: () => Promise.reject(new Error('No request is made in these tests')),
    clientOf: () => ({ address: '', userAgent: undefined }),
    readBody: () => Promise.reject(new Error('No request is made in these tests')),
    replies: 'enforce',
    crossOrigin: createCrossOrigin(['https://notes.example']),
    slots: createSlots(),
    isOutage: () => false,
    addressOf: (path) => path,
    streams: createStreams({ endedCallers: async () => new Set(), onCheckFailure: () => undefined }),
    log: pino({ level: 'silent' }),
  })
})

const routes = (): string[] => routesOf(app.router.stack as unknown as readonly Layer[])

test('only the pages have routes outside the contract', () => {
  expect(routes()).toEqual(PAGES)
})

test('a route or a handler outside the contract is found', () => {
  app.get('/secret', hidden)
  app.use('/hidden', hidden)
  expect(routes()).toEqual([...PAGES, 'get /secret', 'all below some path: hidden'])
})
