import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import { scopes } from '../../generated/security.ts'
import { insertAccount } from '../../src/auth/account/accounts.ts'
import { hashPassword } from '../../src/auth/password/passwords.ts'
import { startSession } from '../../src/auth/session/sessions.ts'
import { unobserved } from './observed-database.ts'
import { CHEAP, type TestServer } from './server.ts'

/** A person with an account and a token. */
export interface Person {
  readonly email: string
  readonly password: string
  readonly accessToken: string
  readonly refreshToken: string
  /** Sends a request with this person's token. A body that is not a string is sent as JSON. */
  readonly ask: (method: string, path: string, options?: AskOptions) => Promise<Answer>
}

export interface AskOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Of an event stream: what happens once it is ready. Then the answer goes on up to the first change. */
  readonly onReady?: () => Promise<unknown>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed when it is JSON, otherwise text. */
  readonly body: Record<string, unknown>
  readonly list: readonly Record<string, unknown>[]
  readonly text: string
}

/** The id of this person's account. */
export function userIdOf({ accessToken }: Pick<Person, 'accessToken'>): string {
  return String(decodeJwt(accessToken).sub)
}

/** The id of the session that this person's token belongs to. */
export function sessionIdOf({ accessToken }: Pick<Person, 'accessToken'>): string {
  return String(decodeJwt(accessToken)['sid'])
}

/** The body and headers of a form, for `ask`. */
export function form(fields: Readonly<Record<string, string>>) {
  return {
    body: new URLSearchParams(fields).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  }
}

export interface ApiKey {
  readonly id: string
  readonly key: string
  readonly expiresAt: string
}

/** Asks for an API key of this person. */
export function askForKey(owner: Person, keyScopes: readonly string[] = ['notes:read']): Promise<Answer> {
  const body = { name: 'k', scopes: keyScopes, current_password: owner.password }
  return owner.ask('POST', '/api-keys', { body })
}

/** Makes an API key of this person. */
export async function newKey(owner: Person, keyScopes?: readonly string[]): Promise<ApiKey> {
  const made = await askForKey(owner, keyScopes)
  if (made.status !== 201) throw new Error(`making an API key failed: ${made.text}`)
  const { id, key, expires_at: expiresAt } = made.body
  return { id: String(id), key: String(key), expiresAt: String(expiresAt) }
}

/** Sends a request without a credential. */
export async function ask(
  server: Pick<TestServer, 'url'>,
  method: string,
  path: string,
  options: AskOptions = {},
): Promise<Answer> {
  const isText = typeof options.body === 'string' || options.body === undefined
  const headers = { ...(isText ? {} : { 'Content-Type': 'application/json' }), ...options.headers }
  const body = isText ? options.body : JSON.stringify(options.body)
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers,
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  })
  const type = response.headers.get('content-type')
  const text = await textOf(response, options.onReady)
  const isJson = type?.includes('json') ?? false
  const value: unknown = isJson && text !== '' ? JSON.parse(text) : {}
  const list = Array.isArray(value) ? value : []
  return { status: response.status, headers: response.headers, body: value as Record<string, unknown>, list, text }
}

/** The body of a response. Of an event stream: what it sends until it is ready, as `ask` reads it. */
export function textOf(response: Response, onReady?: () => Promise<unknown>): Promise<string> {
  const isStream = response.headers.get('content-type') === 'text/event-stream'
  return isStream ? untilReady(response, onReady) : response.text()
}

/** Reads an event stream until it is ready or ends, and then up to the first change if there is `onReady`. */
async function untilReady(response: Response, onReady?: () => Promise<unknown>): Promise<string> {
  let text = ''
  let isReady = false
  const decoder = new TextDecoder()
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    const [, rest] = /(?:^|\n\n)event: (?:ready|end)\n(?:.+\n)*\n([^]*)$/.exec(text) ?? []
    if (rest === undefined) continue
    if (onReady === undefined || rest.endsWith('\n\n')) break
    if (!isReady) await onReady()
    isReady = true
  }
  return text
}

/** Makes a new person without requests, for tests in which registration and login do not matter. Spares a slow hash. */
export async function enrol(server: TestServer, options: { scope?: string; password?: string } = {}): Promise<Person> {
  const { password = `pass-${randomUUID()}`, scope = scopes.join(' ') } = options
  const email = `person-${randomUUID()}@example.com`
  const db = unobserved(server.db)
  const account = await insertAccount(
    db,
    { email, passwordHash: await hashPassword(password, CHEAP) },
    { type: 'registered', address: '127.0.0.1' },
  )
  if (account === undefined) throw new Error('The e-mail of a new person is taken')
  const client = { address: '127.0.0.1', userAgent: undefined }
  const session = await startSession(db, { account, strongerHash: undefined, scope, idleSeconds: 3_600, client })
  if (session === undefined) throw new Error('A new person could not log in')
  const accessToken = await server.tokens.sign({ userId: account.id, sessionId: session.sessionId, scope })
  return person(server, { email, password, accessToken, refreshToken: session.refreshToken })
}

/** Makes a new person by requests. */
export async function register(
  server: Pick<TestServer, 'url'>,
  options: { scope?: string; password?: string } = {},
): Promise<Person> {
  const { password = `pass-${randomUUID()}`, ...grant } = options
  const email = `person-${randomUUID()}@example.com`
  const made = await ask(server, 'POST', '/auth/register', { body: { email, password } })
  if (made.status !== 201) throw new Error(`registering failed: ${made.text}`)
  return logIn(server, email, password, grant)
}

export async function logIn(
  server: Pick<TestServer, 'url'>,
  email: string,
  password: string,
  options: { scope?: string } = {},
): Promise<Person> {
  const reply = await ask(server, 'POST', '/auth/token', form({ username: email, password, ...options }))
  if (reply.status !== 200) throw new Error(`logging in failed: ${reply.text}`)
  const [accessToken, refreshToken] = [String(reply.body['access_token']), String(reply.body['refresh_token'])]
  return person(server, { email, password, accessToken, refreshToken })
}

/** The person at a server, which may be another one with the same secret and a copy of the database. */
export function person(server: Pick<TestServer, 'url'>, data: Omit<Person, 'ask'>): Person {
  return {
    ...data,
    ask: (method, path, given = {}) =>
      ask(server, method, path, {
        ...given,
        headers: { Authorization: `Bearer ${data.accessToken}`, ...given.headers },
      }),
  }
}
