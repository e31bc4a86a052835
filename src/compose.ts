import type { RequestListener } from 'node:http'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { createAuth } from './auth/auth.ts'
import type { AuthDeps } from './auth/handlers.ts'
import { createAuthenticate } from './auth/bearer.ts'
import { findEndedCallers } from './auth/ended-callers.ts'
import type { PasswordCost } from './auth/password/passwords.ts'
import type { Tokens } from './auth/tokens.ts'
import { createChangeHub } from './changes/change-hub.ts'
import { readLogState, readNotices } from './changes/core/read-changes.ts'
import type { Config } from './config/config.ts'
import type { CompiledContract } from './contract/compile.ts'
import type { ContractDocument } from './contract/document/document.ts'
import { createStreams } from './contract/reply/streams.ts'
import type { Handlers } from './contract/types.ts'
import type { Database } from './db/database.ts'
import { createFeatures, type FeatureDeps } from './features.ts'
import { createReadBody, largeBodies } from './http/body.ts'
import { createClientOf } from './http/client.ts'
import { type AddressOf, createAddressOf } from './http/public-address.ts'
import type { Chore } from './housekeeping.ts'
import type { RequestOver } from './http/request-log.ts'
import { normalizeTarget } from './http/request-target.ts'
import { createWriteTurns } from './notes/core/write-turns.ts'
import { openRateLimits } from './rate-limits/open-rate-limits.ts'
import { type CreateGate, createOwnGate, type FairGate, holdSlot } from './scheduling/fair-gate.ts'
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
  const app = createApp({
    document,
    ...(platform.compiled !== undefined && { compiled: platform.compiled }),
    handlers: platform.override?.(handlers) ?? handlers,
    authenticate: createAuthenticate(db, auth.tokens),
    clientOf: createClientOf(settings.trustedProxies),
    readBody: createReadBody(createGate('bodies', largeBodies).run),
    streams,
    replies: settings.replyValidation,
    corsOrigins: settings.corsOrigins,
    addressOf,
    rateLimiting: limiting,
    log,
    ...(platform.onRequestOver !== undefined && { onRequestOver: platform.onRequestOver }),
    isOutage: platform.isOutage,
  })
  const parts = stack.move()
  return {
    app: (request, response) => {
      normalizeTarget(request)
      app(request, response)
    },
    tokens: auth.tokens,
    chores,
    openStreams: streams.count,
    gates,
    isSharedByRedis: () => limiting?.isShared?.(),
    endStreams: streams.stop,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function openStreams({ db, log, shared }: Platform, stack: AsyncDisposableStack) {
  const changeHub = createChangeHub({
    read: (positions, limit) => readNotices(db, positions, limit),
    readState: (ownerId) => readLogState(db, ownerId),
    onFailure: (error) => log.warn({ err: error }, 'changes could not be read; the open streams end'),
  })
  stack.defer(changeHub.stop)
  const streams = createStreams({
    endedCallers: (callers) => findEndedCallers(db, callers),
    onCheckFailure: (error) => log.warn({ err: error }, 'the credentials of open streams could not be checked'),
    ...(shared !== undefined && { createPlaces: sharedPlaces(shared) }),
  })
  stack.defer(streams.stop)
  return { changeHub, streams }
}

/** The streams of an account count together, whichever process sends them. */
function sharedPlaces({ createGate }: SharedLimits) {
  return (max: number, full: () => Error): ((key: string) => Promise<() => void>) => {
    const slots = Number.MAX_SAFE_INTEGER
    const gate = createGate('streams', { slots, slotsPerKey: max, queue: 0, waitMs: 0, busy: full })
    return (key) => holdSlot(gate, { key })
  }
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
