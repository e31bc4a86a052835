import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { scopes } from '../../../generated/security.ts'
import { hashPassword } from '../../../src/auth/password/passwords.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { object, string } from '../../../src/contract/document/document.ts'
import { type Answer, ask } from '../../support/people.ts'
import { CHEAP, startServer, type TestServer } from '../../support/server.ts'
import { exampleBody, operationCalled, requestExamples, responseExamples } from '../harness/document-examples.ts'
import { createStoryTime, type StoryTime } from './story-time.ts'

/** Whom and what the examples of the document are about. */
export const ids = {
  user: '019a6f5e-2b1c-7d3a-9c5e-4f6a7b8c9d0e',
  session: '019a6f61-4b5c-7d6e-8f90-a1b2c3d4e5f6',
  key: '019a6f62-3c4d-7e5f-8a9b-0c1d2e3f4a5b',
  firstNote: '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2',
  secondNote: '019a6f60-91d2-7c44-8a1b-2c3d4e5f6071',
  login: '019a6f61-4b5c-7d6e-8f90-a1b2c3d4e5f7',
  failedLogin: '019a6f61-1122-7d6e-8f90-a1b2c3d4e5f8',
  registration: '019a6f61-0911-7d6e-8f90-a1b2c3d4e5f9',
} as const

/** When it happened. */
export const times = {
  registered: '2026-11-22T10:15:30.123456Z',
  failed: '2026-11-22T10:15:33.5Z',
  loggedIn: '2026-11-22T10:15:35.25Z',
  firstNote: '2026-11-22T10:16:40.5Z',
  secondNote: '2026-11-22T10:17:02.000001Z',
  changed: '2026-11-22T10:20:00.25Z',
  published: '2026-11-22T10:21:00.75Z',
  restored: '2026-11-22T10:22:00.5Z',
  keyMade: '2026-11-22T10:30:00.5Z',
  trashed: '2026-11-22T10:30:00.5Z',
  refreshed: '2026-11-22T10:45:35.25Z',
  keyUsed: '2026-11-22T10:50:00.5Z',
} as const

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const TABLES = [
  'users',
  'sessions',
  'refresh_tokens',
  'security_events',
  'notes',
  'api_keys',
  'note_changes',
  'change_counters',
] as const

/** What a database knows before a request: answers show these ids and times to the letter, and others only where they are new. */
export interface Known {
  readonly ids: ReadonlySet<string>
  /** As the database has them. */
  readonly times: ReadonlySet<string>
}

/** A server with a person, a session, a key and two notes: those of the examples, brought about by real requests. */
export interface Story {
  readonly server: TestServer
  readonly time: StoryTime
  /** Makes everything as it was at the beginning. */
  readonly reset: () => Promise<void>
  readonly known: () => Promise<Known>
  /** An access token of the session. */
  readonly token: (granted?: readonly string[]) => Promise<string>
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>
  readonly stop: () => Promise<void>
}

/** With the settings that a server has when nobody sets any: the examples are about such a one. */
export async function tellStory(): Promise<Story> {
  const server = await startServer({ ...loadConfig({}), trustedProxies: ['127.0.0.1'] })
  const time = createStoryTime()
  await liveThrough(server)
  await moveIntoThePast(server, time)
  const rows = await rename(server)

  // Two statements, because this happens hundreds of times.
  const filled = TABLES.map((table) => {
    const name = sql.table(table)
    return sql`${sql.table(`new_${table}`)} as (insert into ${name} select * from jsonb_populate_recordset(null::${name}, ${rows[table]}::jsonb))`
  })
  const emptied = ['security_events', 'login_failures', 'known_addresses'].map((table) => {
    return sql`${sql.table(`old_${table}`)} as (delete from ${sql.table(table)})`
  })
  const reset = async (): Promise<void> => {
    await sql`with ${sql.join(emptied)} delete from users`.execute(server.db)
    await sql`with ${sql.join(filled)} select`.execute(server.db)
  }
  const token = (granted: readonly string[] = scopes): Promise<string> =>
    server.tokens.sign({ userId: ids.user, sessionId: ids.session, scope: granted.join(' ') })
  const send: Story['send'] = async (method, path, body, headers = {}) => {
    const answer = await ask(server, method, path, {
      body,
      headers: { Authorization: `Bearer ${await token()}`, ...headers },
    })
    if (answer.status >= 300) throw new Error(`${method} ${path} is no part of the story: ${answer.text}`)
    return answer
  }
  await reset()
  return { server, time, reset, known: () => knownIn(server), token, send, stop: server.stop }
}

/** The real requests behind the story, in its order. */
async function liveThrough(server: TestServer): Promise<void> {
  const person = exampleBody('registerUser')
  const home = { 'X-Forwarded-For': '203.0.113.7', 'User-Agent': BROWSER }
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const login = (fields: Record<string, string>, headers: Record<string, string>): Promise<Answer> =>
    ask(server, 'POST', '/auth/token', {
      body: new URLSearchParams(fields).toString(),
      headers: { ...form, ...headers },
    })
  await ask(server, 'POST', '/auth/register', { body: person, headers: home })
  const username = string(person['email'])
  await login({ username, password: 'not it' }, { 'X-Forwarded-For': '2001:db8:1:2:3:4:5:6' })
  const { body: token } = await login({ username, password: string(person['password']) }, home)
  await login({ grant_type: 'refresh_token', refresh_token: String(token['refresh_token']) }, home)
  const headers = { Authorization: `Bearer ${String(token['access_token'])}` }
  await ask(server, 'POST', '/notes', { body: exampleBody('createNote'), headers })
  await ask(server, 'POST', '/notes', { body: { title: 'Second Note', content: 'Milk, bread, figs' }, headers })
  const { body: key } = await ask(server, 'POST', '/api-keys', { body: exampleBody('createApiKey'), headers })
  await ask(server, 'GET', '/notes', { headers: { Authorization: `Bearer ${String(key['key'])}` } })
}

/** Each row keeps the distances between its times, which are the server's doing. */
async function moveIntoThePast({ db }: TestServer, { toNow }: StoryTime): Promise<void> {
  const move = (table: string, column: string, time: string, where = sql`true`) => {
    const [name, moved, moment] = [sql.table(table), sql.ref(column), sql`${toNow(time)}::timestamptz`]
    return sql`update ${name} set created_at = ${moment}, ${moved} = ${moved} + (${moment} - created_at) where ${where}`.execute(
      db,
    )
  }
  const password_hash = await hashPassword(string(exampleBody('registerUser')['password']), CHEAP)
  await sql`update users set created_at = ${toNow(times.registered)}, password_hash = ${password_hash}`.execute(db)
  await move('sessions', 'expires_at', times.loggedIn)
  await move('refresh_tokens', 'expires_at', times.loggedIn, sql`used_at is not null`)
  await move('refresh_tokens', 'expires_at', times.refreshed, sql`used_at is null`)
  await move('notes', 'updated_at', times.firstNote, sql`title = 'First Note'`)
  await move('notes', 'updated_at', times.secondNote, sql`title = 'Second Note'`)
  await sql`update note_changes set at = created_at from notes where id = note_id`.execute(db)
  await move('api_keys', 'expires_at', times.keyMade)
  await sql`update refresh_tokens set used_at = ${toNow(times.refreshed)} where used_at is not null`.execute(db)
  await sql`update refresh_tokens set token_hash = ${digest(refreshToken)} where used_at is null`.execute(db)
  await sql`update api_keys set last_used_at = ${toNow(times.keyUsed)} where last_used_at is not null`.execute(db)
  await sql`update api_keys set key_hash = ${digest(apiKey)}, hint = left(${apiKey}, length(hint))`.execute(db)
  await sql`delete from security_events where type = 'api_key_created'`.execute(db)
  const events = { registered: times.registered, login_failed: times.failed, login: times.loggedIn }
  for (const [type, time] of Object.entries(events))
    await sql`update security_events set created_at = ${toNow(time)} where type = ${type}`.execute(db)
}

/** The rows of the story as JSON, under the ids of the examples. */
async function rename({ db }: TestServer): Promise<Readonly<Record<(typeof TABLES)[number], string>>> {
  const idOf = async (table: string, where = sql`true`): Promise<string> => {
    const { rows } = await sql<{ id: string }>`select id from ${sql.table(table)} where ${where}`.execute(db)
    if (rows.length !== 1) throw new Error(`There are ${rows.length} rows in ${table}`)
    return String(rows[0]?.id)
  }
  const renamed: [from: string, to: string][] = [
    [await idOf('users'), ids.user],
    [await idOf('sessions'), ids.session],
    [await idOf('api_keys'), ids.key],
    [await idOf('notes', sql`title = 'First Note'`), ids.firstNote],
    [await idOf('notes', sql`title = 'Second Note'`), ids.secondNote],
    [await idOf('security_events', sql`type = 'login'`), ids.login],
    [await idOf('security_events', sql`type = 'login_failed'`), ids.failedLogin],
    [await idOf('security_events', sql`type = 'registered'`), ids.registration],
  ]
  const entries = TABLES.map(async (table) => {
    const { rows } = await sql<{ rows: string }>`select jsonb_agg(t)::text as rows from ${sql.table(table)} t`.execute(
      db,
    )
    return [table, renamed.reduce((text, [from, to]) => text.replaceAll(from, to), String(rows[0]?.rows))] as const
  })
  return Object.fromEntries(await Promise.all(entries)) as Record<(typeof TABLES)[number], string>
}

async function knownIn({ db }: TestServer): Promise<Known> {
  const rows = [...TABLES, 'note_revisions'].map((table) => sql`select t::text as row from ${sql.table(table)} t`)
  const text = (await sql<{ row: string }>`${sql.join(rows, sql` union all `)}`.execute(db)).rows
    .map(({ row }) => row)
    .join('\n')
  const moments = [...text.matchAll(/(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)\+00/g)]
  return {
    ids: new Set(text.match(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g)),
    times: new Set(moments.map(([, day, time]) => `${day}T${time}Z`)),
  }
}

/** The secrets of the examples; the story goes on with them. */
const refreshToken = string(
  requestExamples(operationCalled('createToken'))
    .map(({ value }) => object(value)['refresh_token'])
    .find((token) => token !== undefined),
)
export const apiKey = string(object(responseExamples(operationCalled('createApiKey'), 201)[0]?.value)['key'])

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
