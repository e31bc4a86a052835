import { randomUUID } from 'node:crypto'
import type { TestServer } from './server.ts'

/** Somebody with an account and a token. */
export interface Person {
  readonly email: string
  readonly password: string
  readonly accessToken: string
  readonly refreshToken: string
  /** A request with this person's token; a body that is no string is sent as JSON. */
  readonly ask: (method: string, path: string, options?: AskOptions) => Promise<Answer>
}

export interface AskOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed when it is JSON, otherwise text. */
  readonly body: Record<string, unknown>
  readonly list: readonly Record<string, unknown>[]
  readonly text: string
}

/** A request as anybody could send it. */
export async function ask(server: Pick<TestServer, 'url'>, method: string, path: string, options: AskOptions = {}): Promise<Answer> {
  const isText = typeof options.body === 'string' || options.body === undefined
  const headers = { ...(isText ? {} : { 'Content-Type': 'application/json' }), ...options.headers }
  const body = isText ? options.body : JSON.stringify(options.body)
  const response = await fetch(`${server.url}${path}`, { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body }) })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  const value: unknown = isJson && text !== '' ? JSON.parse(text) : {}
  const list = Array.isArray(value) ? value : []
  return { status: response.status, headers: response.headers, body: value as Record<string, unknown>, list, text }
}

export async function register(server: Pick<TestServer, 'url'>, options: { scope?: string } = {}): Promise<Person> {
  const email = `person-${randomUUID()}@example.com`
  const password = `pass-${randomUUID()}`
  const made = await ask(server, 'POST', '/auth/register', { body: { email, password } })
  if (made.status !== 201) throw new Error(`registering failed: ${made.text}`)
  return logIn(server, email, password, options)
}

export async function logIn(
  server: Pick<TestServer, 'url'>,
  email: string,
  password: string,
  options: { scope?: string } = {},
): Promise<Person> {
  const form = new URLSearchParams({ username: email, password, ...options })
  const answer = await ask(server, 'POST', '/auth/token', {
    body: form.toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  })
  if (answer.status !== 200) throw new Error(`logging in failed: ${answer.text}`)
  const accessToken = String(answer.body['access_token'])
  return {
    email,
    password,
    accessToken,
    refreshToken: String(answer.body['refresh_token']),
    ask: (method, path, given = {}) =>
      ask(server, method, path, { ...given, headers: { Authorization: `Bearer ${accessToken}`, ...given.headers } }),
  }
}
