import type { RequestListener } from 'node:http'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { createAuth } from './auth/auth.ts'
import type { AuthDeps } from './auth/handlers.ts'
import { createAuthenticate } from './auth/bearer.ts'
import type { PasswordCost } from './auth/password/passwords.ts'
import type { Tokens } from './auth/tokens.ts'
import type { Config } from './config/config.ts'
import { type CompiledContract, compileContract } from './contract/compile.ts'
import type { ContractDocument } from './contract/document/document.ts'
import type { Handlers } from './contract/types.ts'
import type { Database } from './db/database.ts'
import { createFeatures, type FeatureDeps } from './features.ts'
import { createReadBody, largeBodies } from './http/body.ts'
import { createClientOf } from './http/client.ts'
import { createCrossOrigin } from './http/cross-origin.ts'
import { type AddressOf, createAddressOf } from './http/public-address.ts'
import type { Chore } from './housekeeping.ts'
import type { RequestOver } from './http/request-log.ts'
import { normalizeTarget } from './http/request-target.ts'
import { createWriteTurns } from './notes/core/write-turns.ts'
import { openStreams } from './open-streams.ts'
import { createOverload } from './overload.ts'
import { openRateLimits } from './rate-limits/open-rate-limits.ts'
import { type CreateGate, createOwnGate, type FairGate } from './scheduling/fair-gate.ts'
import { createTextWork } from './text/text-work.ts'
import type { SharedLimits } from './workers/shared-limits.ts'

/** The settings that the application reads; the others concern the process, its port and its database. */
export type AppSettings = Pick<
  Config,
  | 'accessTokenSeconds'
  | 'refreshTokenSeconds'
  | 'registration'
  | 'passwordMinLength'
  | 'trustedProxies'
  | 'historyVersions'
  | 'historyDays'
  | 'trashDays'
  | 'poolSize'
  | 'corsOrigins'
  | 'publicUrl'
  | 'replyValidation'
  | 'rateLimits'
  | 'userQuota'
  | 'addressQuota'
  | 'redisUrl'
>

export interface Platform {
  readonly settings: AppSettings
  /** Left out when the server is this process alone. */
  readonly shared?: SharedLimits
  /** The first key signs; all are accepted. */
  readonly secretKeys: readonly [string, ...string[]]
  readonly document: ContractDocument
  /** The compiled document, for a process with several applications. */
  readonly compiled?: CompiledContract
  readonly db: Database
  readonly log: Logger
  /** The reason why the server is not ready, as a sentence; undefined when it is. */
  readonly whyNotReady: () => Promise<string | undefined>
  readonly isOutage: (error: unknown) => boolean
  /** Called for each request that is over. */
  readonly onRequestOver?: (request: RequestOver) => void
  /** How long the oldest request for a database connection has waited, in milliseconds. */
  readonly connectionWait?: () => number
  /** Lower than the shipped cost in tests only, where hashes protect nothing. */
  readonly passwordCost?: PasswordCost
  /** Replaces dependencies of the features, to measure what one of them costs. */
  readonly replaced?: Partial<FeatureDeps>
  /** Replaces handlers, to test failures that no request can cause. */
  readonly override?: (handlers: Handlers) => Handlers
}

export interface Application extends AsyncDisposable {
  readonly app: RequestListener
  readonly tokens: Tokens
  readonly chores: readonly Chore[]
  readonly openStreams: () => number
  /** By name. */
  readonly gates: ReadonlyMap<string, FairGate>
  /** Whether requests are counted in Redis right now; undefined if they should not be. */
  readonly isSharedByRedis: () => boolean | undefined
  /** How many requests are worked on, and how many were refused so far because the server had too much to do. */
  readonly requestsUnderWay: () => number
  readonly requestsRefused: () => number
  /** Ends all event streams, so that their clients resume elsewhere or later. Other requests may finish. */
  readonly endStreams: () => void
}

/** The composition root, for the server and for tests: puts the application together on a database. */
export async function compose(platform: Platform): Promise<Application> {
  const { settings, document, db, log } = platform
  const addressOf = createAddressOf(settings.publicUrl)
  const gates = new Map<string, FairGate>()
  const createGate: CreateGate = (name, options) => {
    const gate = (platform.shared?.createGate ?? createOwnGate)(name, options)
    gates.set(name, gate)
    return gate
  }
  const auth = authOf(platform, addressOf, createGate)
  await using stack = new AsyncDisposableStack()
  const textWork = createTextWork(createGate)
  stack.defer(textWork.close)
  const { changeHub, streams } = openStreams(platform, stack)
  const { handlers, chores } = await createFeatures({
    ...auth,
    textWork,
    turns: createWriteTurns({ connections: settings.poolSize }),
    changeHub,
    createGate,
    ...settings,
    version: document.version,
    whyNotReady: platform.whyNotReady,
    ...platform.replaced,
  })
  const limiting = await openRateLimits(settings, { take: platform.shared?.take, log, stack })
  const compiled = platform.compiled ?? compileContract(document.root)
  const front = { ...frontOf(settings), addressOf, log }
  const overload = createOverload({ ...front, router: compiled.router, connectionWait: platform.connectionWait })
  const app = createApp({
    document,
    compiled,
    handlers: platform.override?.(handlers) ?? handlers,
    authenticate: createAuthenticate(db, auth.tokens),
    ...front,
    slots: overload.slots,
    readBody: createReadBody(createGate('bodies', largeBodies).run),
    streams,
    replies: settings.replyValidation,
    rateLimiting: limiting,
    ...(platform.onRequestOver !== undefined && { onRequestOver: platform.onRequestOver }),
    isOutage: platform.isOutage,
  })
  const parts = stack.move()
  return {
    app: (request, response) => {
      normalizeTarget(request)
      if (!overload.refuse(request, response)) app(request, response)
    },
    tokens: auth.tokens,
    chores,
    openStreams: streams.count,
    gates,
    isSharedByRedis: () => limiting?.isShared?.(),
    requestsUnderWay: overload.slots.count,
    requestsRefused: overload.count,
    endStreams: streams.stop,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

/** What meets a request first. */
function frontOf({ trustedProxies, corsOrigins }: AppSettings) {
  return { clientOf: createClientOf(trustedProxies), crossOrigin: createCrossOrigin(corsOrigins) }
}

function authOf(
  { settings, db, log, secretKeys, passwordCost }: Platform,
  addressOf: AddressOf,
  createGate: CreateGate,
): AuthDeps {
  return createAuth(db, {
    ...settings,
    createGate,
    addressOf,
    secretKeys,
    ...(passwordCost !== undefined && { passwordCost }),
    onLocalThrottle: (error) => log.warn({ err: error }, 'failed logins are counted by this process alone'),
  })
}
