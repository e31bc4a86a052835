import type { Express, RequestHandler } from 'express'
import pino from 'pino'
import { beforeEach, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createStreams } from '../../src/contract/reply/streams.ts'
import type { Handlers } from '../../src/contract/types.ts'
import { document, operations } from './harness/document-examples.ts'
import { everywhere } from './harness/served-contract.ts'

/** The pages beside the contract (docs/decisions/0002). Whatever else the server answers goes through the dispatcher. */
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

/** What express keeps of a route or of a handler, as far as it matters here. */
interface Layer {
  readonly name: string
  /** Whether it is asked whatever the path. */
  readonly slash: boolean
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> }
  readonly handle: { readonly stack?: readonly Layer[] }
}

/** Every method and path that express itself answers, and every handler that is asked for a part of the paths only. */
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
    replies: 'enforce',
    corsOrigins: ['https://notes.example'],
    isOutage: () => false,
    streams: createStreams({ endedCallers: async () => new Set(), onCheckFailure: () => undefined }),
    log: pino({ level: 'silent' }),
  })
})

const routes = (): string[] => routesOf(app.router.stack as unknown as readonly Layer[])

test('no route stands beside the contract but those of the pages', () => {
  expect(routes()).toEqual(PAGES)
})

test('a route or a handler that somebody puts beside the contract is seen', () => {
  app.get('/secret', hidden)
  app.use('/hidden', hidden)
  expect(routes()).toEqual([...PAGES, 'get /secret', 'all below some path: hidden'])
})
