import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import { createReadBody } from '../../../src/http/body.ts'
import { createCrossOrigin } from '../../../src/http/cross-origin.ts'
import { createSlots } from '../../../src/http/slots.ts'
import { createApp, type AppDeps } from '../../../src/app.ts'
import { type CompiledContract, compileContract } from '../../../src/contract/compile.ts'
import { createStreams } from '../../../src/contract/reply/streams.ts'
import type { Caller, Handlers } from '../../../src/contract/types.ts'
import { isOutage } from '../../../src/db/pg-errors.ts'
import { observe, type ObservedExchange } from '../../traffic/observe.ts'
import { document } from './document-examples.ts'

export interface ServedContract {
  readonly url: string
  /** Log lines, except the one of each request. */
  readonly complaints: Record<string, unknown>[]
  /** Every exchange so far. They are not part of the traffic of the run, which is of the real handlers only. */
  readonly exchanges: ObservedExchange[]
  readonly stop: () => Promise<void>
}

/** Handlers as a test writes them: without the types of the contract, which would refuse broken replies. */
export type LooseHandler = (request: LooseRequest, reply: (...given: unknown[]) => unknown) => Promise<unknown>
interface LooseRequest {
  readonly path: Record<string, unknown>
  readonly query: Record<string, unknown>
  readonly headers: Record<string, unknown>
  readonly body: unknown
  readonly signal: AbortSignal
}

export const testCaller: Caller = {
  userId: 'u',
  credential: { kind: 'session', id: 's' },
  scopes: ['account:read', 'notes:read', 'notes:write'],
}

type Options = Partial<Omit<AppDeps, 'handlers' | 'log'>> & {
  readonly handlers: Readonly<Record<string, LooseHandler>>
  /** Middleware before the application, for failures that no handler can cause. */
  readonly before?: (app: RequestListener) => RequestListener
}

/** Our document, compiled once for all servers that use it. */
let compiled: CompiledContract | undefined

/** The application around the handlers and document of a test, on its own port, without a database. */
export async function serveContract({ handlers, before = (app) => app, ...options }: Options): Promise<ServedContract> {
  const complaints: Record<string, unknown>[] = []
  const write = (line: string): void => void complaints.push(JSON.parse(line) as Record<string, unknown>)
  const app = createApp({
    document,
    ...(options.document === undefined && { compiled: (compiled ??= compileContract(document.root)) }),
    authenticate: async () => testCaller,
    clientOf: () => ({ address: '127.0.0.1', userAgent: undefined }),
    readBody: createReadBody((receive) => receive()),
    replies: 'enforce',
    crossOrigin: createCrossOrigin([]),
    slots: createSlots(),
    isOutage,
    addressOf: (path) => path,
    streams: createStreams({ endedCallers: async () => new Set(), onCheckFailure: () => undefined }),
    ...options,
    handlers: handlers as unknown as Handlers,
    log: pino({ level: 'warn', base: null }, { write }),
  })
  const exchanges: ObservedExchange[] = []
  const server = createServer(before(app))
  server.prependListener('request', (request, response) =>
    observe(request, response, { finished: (exchange) => exchanges.push(exchange) }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${port}`, complaints, exchanges, stop }
}

/** The same handler for every operation. */
export function everywhere(ids: readonly string[], handler: LooseHandler): Record<string, LooseHandler> {
  return Object.fromEntries(ids.map((id) => [id, handler]))
}
