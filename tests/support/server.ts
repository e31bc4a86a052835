import type { AddressInfo } from 'node:net'
import pino, { type Logger } from 'pino'
import type { PasswordCost } from '../../src/auth/password/passwords.ts'
import type { Tokens } from '../../src/auth/tokens.ts'
import { compose } from '../../src/compose.ts'
import { compileContract } from '../../src/contract/compile.ts'
import { type ContractDocument, loadDocument } from '../../src/contract/document/document.ts'
import type { Handlers } from '../../src/contract/types.ts'
import type { Database } from '../../src/db/database.ts'
import { isOutage } from '../../src/db/pg-errors.ts'
import { ping } from '../../src/db/ping.ts'
import { serializers } from '../../src/log.ts'
import { createTestDatabase } from './database.ts'
import { answerClientError } from '../../src/http/client-error.ts'
import { createHttpServer } from '../../src/http/http-server.ts'
import { createAddressOf } from '../../src/http/public-address.ts'
import { isObserved, nameOf, observed, unobserved } from './observed-database.ts'
import { recordServer, type ServerRecording } from '../traffic/recorder.ts'

/** Read and compiled once for all servers of a worker. */
const document = loadDocument()
const compiled = compileContract(document.root)

export const SECRET_KEY = 'a-secret-key-for-tests-only-0123456789'

/** A hash that takes a millisecond instead of forty. */
export const CHEAP: PasswordCost = { memoryCost: 1_024, timeCost: 1 }

export interface TestServer {
  readonly url: string
  readonly db: Database
  readonly tokens: Tokens
  /** The id under which its traffic is recorded. */
  readonly recordingId: string | undefined
  /** The log, as pino's JSON lines. */
  readonly log: readonly string[]
  /** The number of open event streams. */
  readonly openStreams: () => number
  readonly requestsUnderWay: () => number
  readonly requestsRefused: () => number
  readonly stop: () => Promise<void>
}

export interface ServerOptions {
  readonly accessTokenSeconds?: number
  readonly refreshTokenSeconds?: number
  readonly secretKeys?: readonly [string, ...string[]]
  readonly registration?: 'open' | 'closed'
  readonly passwordMinLength?: number
  /** The shipped cost for tests about the cost of a hash; a fortieth of it by default. */
  readonly passwordCost?: PasswordCost
  readonly trustedProxies?: readonly string[]
  readonly historyVersions?: number
  readonly trashDays?: number
  readonly corsOrigins?: readonly string[]
  readonly publicUrl?: string | undefined
  readonly rateLimits?: 'on' | 'off'
  /** So large by default that no test meets it unawares. */
  readonly userQuota?: number
  readonly addressQuota?: number
  /** Replaces handlers, for failures that no request can cause. */
  readonly override?: (handlers: Handlers) => Handlers
  /** Replaces openapi.yaml, to test what a change of it does. */
  readonly document?: ContractDocument
  /** How long the oldest request for a database connection has waited, in milliseconds. */
  readonly connectionWait?: () => number
  /** Replaces the server's own database. */
  readonly db?: Database
  /**
   * false for a server whose replies must not be judged with the traffic: each is compared with a recorded one of
   * another server, or the clock is moved, or rows are written past the server.
   */
  readonly isRecorded?: boolean
  /** Lets a check of the traffic ask for this server. */
  readonly name?: string
}

/** The whole application on its own port and database: as in production, except that it shares the test's process. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const database = options.db === undefined ? await createTestDatabase() : undefined
  const given = options.db ?? database?.db
  if (given === undefined) throw new Error('There is no database')
  const db = unobserved(given)
  const log: string[] = []
  const settings = {
    accessTokenSeconds: options.accessTokenSeconds ?? 900,
    refreshTokenSeconds: options.refreshTokenSeconds ?? 3600,
    historyVersions: options.historyVersions ?? 1_000,
    trashDays: options.trashDays ?? 30,
  }
  let recording: ServerRecording | undefined
  const application = await compose({
    settings: {
      ...settings,
      registration: options.registration ?? 'open',
      passwordMinLength: options.passwordMinLength ?? 8,
      trustedProxies: options.trustedProxies ?? [],
      poolSize: 10,
      historyDays: 365,
      corsOrigins: options.corsOrigins ?? [],
      publicUrl: options.publicUrl,
      replyValidation: 'enforce',
      rateLimits: options.rateLimits ?? 'on',
      userQuota: options.userQuota ?? 1_000_000,
      addressQuota: options.addressQuota ?? 1_000_000,
      redisUrl: undefined,
    },
    secretKeys: options.secretKeys ?? [SECRET_KEY],
    document: options.document ?? document,
    compiled: options.document === undefined ? compiled : compileContract(options.document.root),
    db,
    log: collectingLog((line) => {
      log.push(line)
      recording?.logged(line)
    }),
    whyNotReady: async () => ((await ping(db)) ? undefined : 'The database is not reachable.'),
    isOutage,
    connectionWait: options.connectionWait ?? (() => 0),
    passwordCost: options.passwordCost ?? CHEAP,
    ...(options.override !== undefined && { override: options.override }),
  })
  const addressOf = createAddressOf(options.publicUrl)
  const server = createHttpServer(5_000, addressOf, application.app)
  server.on('clientError', (error, socket) => answerClientError(error, socket, addressOf))
  // The traffic of a server with a changed contract must not be judged by ours.
  if (options.document === undefined && options.isRecorded !== false) {
    recording = recordServer(server, {
      name: options.name ?? '',
      database: nameOf(db),
      isOverridden: options.override !== undefined,
      // We cannot observe what a test writes into a database of its own.
      isRewritten: options.db !== undefined && !isObserved(options.db),
      settings,
    })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await application[Symbol.asyncDispose]()
    await database?.drop()
  }
  const handle = recording === undefined ? db : observed(db, recording.rewritten)
  return {
    url: `http://127.0.0.1:${port}`,
    db: handle,
    recordingId: recording?.id,
    tokens: application.tokens,
    openStreams: application.openStreams,
    requestsUnderWay: application.requestsUnderWay,
    requestsRefused: application.requestsRefused,
    log,
    stop,
  }
}

function collectingLog(write: (line: string) => void): Logger {
  return pino({ level: 'trace', base: null, serializers }, { write })
}
