/** The server that the login benches measure: the application in its own process, with or without its guards. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import type { FairGate } from '../../src/scheduling/fair-gate.ts'
import type { FailurePolicy } from '../../src/auth/throttle/login-failures.ts'
import { createLoginThrottle } from '../../src/auth/throttle/login-throttle.ts'
import { compose } from '../../src/compose.ts'
import { loadDocument } from '../../src/contract/document/document.ts'
import { createDatabase, type Database } from '../../src/db/database.ts'
import { isOutage } from '../../src/db/pg-errors.ts'

/** As shipped; without a limit on failed logins, so that every guess needs a hash; or also without the gate. */
export type Guards = 'shipped' | 'gate only' | 'none'

export interface BenchServer {
  readonly url: string
  /** The peak of resident memory since the last call, in MiB. */
  readonly peakMemory: () => number
  readonly stop: () => Promise<void>
}

const KEY = Buffer.alloc(32, 7)

export async function startBenchServer(connection: object, guards: Guards): Promise<BenchServer> {
  const child = fork(import.meta.filename, [JSON.stringify(connection), guards])
  const exited = once(child, 'exit')
  const messages = { url: '', peak: 0 }
  const ready = Promise.withResolvers<void>()
  child.on('message', (message: { url?: string; rss?: number }) => {
    messages.peak = Math.max(messages.peak, message.rss ?? 0)
    if (message.url === undefined) return
    messages.url = message.url
    ready.resolve()
  })
  const died = exited.then(() => Promise.reject(new Error('The server ended')))
  died.catch(() => undefined)
  await Promise.race([ready.promise, died])
  return {
    url: messages.url,
    peakMemory: () => {
      const { peak } = messages
      messages.peak = 0
      return peak / 2 ** 20
    },
    stop: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

interface Sample {
  readonly status: number
  readonly ms: number
  readonly text: string
}

/** Sends a request and measures its time; status 0 if there was no reply within ten seconds. */
export function sample(
  url: string,
  options: { agent: Agent; method?: string; headers?: Record<string, string>; body?: string },
): Promise<Sample> {
  const { body, ...rest } = options
  const started = performance.now()
  const sampled = (status: number, text = ''): Sample => ({ status, text, ms: performance.now() - started })
  return new Promise((resolve) => {
    const sent = request(url, { ...rest, timeout: 10_000 }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(sampled(response.statusCode ?? 0, text)))
      response.on('error', () => resolve(sampled(0)))
    })
    sent.on('timeout', () => sent.destroy())
    sent.on('error', () => resolve(sampled(0)))
    sent.end(body)
  })
}

export function logIn(url: string, agent: Agent, username: string, password: string): Promise<Sample> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  return sample(`${url}/auth/token`, {
    agent,
    method: 'POST',
    headers,
    body: new URLSearchParams({ username, password }).toString(),
  })
}

export function register(url: string, agent: Agent, email: string, password: string): Promise<Sample> {
  const headers = { 'Content-Type': 'application/json' }
  return sample(`${url}/auth/register`, { agent, method: 'POST', headers, body: JSON.stringify({ email, password }) })
}

async function serve(connection: string, guards: string): Promise<void> {
  const db = createDatabase({ connection: JSON.parse(connection), poolSize: 10, onIdleError: () => undefined })
  const { app } = await compose({
    settings: {
      accessTokenSeconds: 900,
      refreshTokenSeconds: 3_600,
      registration: 'open',
      passwordMinLength: 8,
      trustedProxies: [],
      poolSize: 10,
      historyVersions: 1_000,
      historyDays: 365,
      trashDays: 30,
      corsOrigins: [],
      publicUrl: undefined,
      replyValidation: 'enforce',
      rateLimits: 'off',
      userQuota: 0,
      addressQuota: 0,
      redisUrl: undefined,
    },
    secretKeys: [KEY.toString('hex')],
    document: loadDocument(),
    db,
    log: pino({ level: 'error' }),
    whyNotReady: async () => undefined,
    isOutage,
    replaced: {
      ...(guards === 'shipped' ? {} : { loginThrottle: unlimited(db) }),
      ...(guards === 'none' ? { hashGate: openGate } : {}),
    },
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  setInterval(() => process.send?.({ rss: process.memoryUsage.rss() }), 100)
  // The server ends with the bench.
  process.once('disconnect', () => process.exit(0))
}

const openGate: FairGate = { run: (work) => work(), state: () => ({ running: 0, waiting: 0 }) }

/** A throttle that counts and never blocks. */
function unlimited(db: Database) {
  const policy: FailurePolicy = { free: 1_000_000_000, maxSeconds: 1, forgetSeconds: 3_600 }
  return createLoginThrottle(db, { key: KEY, policies: { pair: policy, account: policy, address: policy } })
}

const [, , connection, guards] = process.argv
if (import.meta.main && connection !== undefined && guards !== undefined) await serve(connection, guards)
