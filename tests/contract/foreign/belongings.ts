import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import { findAccountByEmail } from '../../../src/auth/account/accounts.ts'
import { startSession } from '../../../src/auth/session/sessions.ts'
import type { Person } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { exampleBody } from '../harness/document-examples.ts'
import { useKeys } from './keys.ts'

/** Things of one person by the state that they are in. */
export interface Belongings {
  readonly userId: string
  readonly email: string
  readonly password: string
  readonly notes: Readonly<Record<'public' | 'trashed' | 'private' | 'erased', string>>
  /** The version that the public note has. */
  readonly version: number
  readonly sessions: Readonly<Record<string, string>>
  readonly apiKeys: Readonly<Record<string, string>>
  /** Credentials of any kind that are of no use any more. */
  readonly endedTokens: Readonly<Record<string, string>>
  readonly endedRefreshToken: string
}

/** The stranger has no such tag. */
export const VICTIMS_TAG = 'victims-own-tag'
/** A tag of several of the stranger's notes; the victim has it too, in capitals. */
export const STRANGERS_TAG = 'garden'
/** Of one account, as the contract's lists have them. */
const [MOST_KEYS, MOST_SESSIONS] = [50, 100]
/** The documented edits apply to it. */
const CONTENT = 'Due tomorrow.\n\n## Shopping\n\n- [ ] milk\n'

/** Gives a person a thing of every sort in every state, with the texts and tags of the document's examples. */
export async function stock(server: TestServer, person: Person): Promise<Belongings> {
  const example = exampleBody('createNote')
  const filled = { ...example, content: CONTENT, tags: ['GROCERIES', 'ToDo', STRANGERS_TAG.toUpperCase(), VICTIMS_TAG] }
  const open = { ...filled, is_public: true, is_pinned: true, is_archived: true }
  const notes = {
    public: await noteWithHistory(person, open),
    trashed: await noteWithHistory(person, open),
    private: await noteWithHistory(person, filled),
    erased: await noteWithHistory(person, open),
  }
  for (const id of [notes.trashed, notes.erased]) await expectStatus(person, 204, 'DELETE', `/notes/${id}`)
  await expectStatus(person, 204, 'DELETE', `/trash/${notes.erased}`)
  // A list that a page does not hold has a cursor.
  await expectStatus(person, 204, 'DELETE', `/notes/${await note(person, {})}`)
  await useKeys(person, notes.public)
  const { version } = await expectStatus(person, 200, 'GET', `/notes/${notes.public}`)

  const [living, ended] = [await session(server, person), await session(server, person)]
  await expectStatus(person, 204, 'DELETE', `/users/me/sessions/${ended.id}`)
  const [liveKey, expiredKey] = [await apiKey(person), await apiKey(person)]
  await fillQuotas(server, { key: liveKey.id, session: living.id })
  await sql`update api_keys set expires_at = now() where id = ${expiredKey.id}`.execute(server.db)
  return {
    userId: String(decodeJwt(person.accessToken).sub),
    email: person.email,
    password: person.password,
    notes,
    version: Number(version),
    sessions: { living: living.id, ended: ended.id },
    apiKeys: { living: liveKey.id, expired: expiredKey.id },
    endedTokens: { 'refresh token': ended.refreshToken, 'access token': ended.accessToken, 'API key': expiredKey.key },
    endedRefreshToken: ended.refreshToken,
  }
}

/** All but two of the keys and sessions that an account may have. If they counted for the stranger, theirs would be refused. */
async function fillQuotas(
  { db }: TestServer,
  { key, session: model }: { readonly key: string; readonly session: string },
): Promise<void> {
  await sql`insert into api_keys (id, user_id, name, key_hash, hint, scope, expires_at)
    select gen_random_uuid(), user_id, name, decode(md5(n::text), 'hex'), hint, scope, expires_at
    from api_keys, generate_series(1, ${MOST_KEYS} - 4) n where id = ${key}`.execute(db)
  await sql`insert into sessions (id, user_id, scope, expires_at)
    select gen_random_uuid(), user_id, scope, expires_at from sessions, generate_series(1, ${MOST_SESSIONS} - 4) where id = ${model}`.execute(
    db,
  )
}

/** Things of the stranger's own, more than one of each, so that each list has pages. */
export async function stockALittle(person: Person): Promise<readonly [first: string, second: string]> {
  const [first, second] = [
    await note(person, { tags: ['own', STRANGERS_TAG] }),
    await note(person, { tags: [STRANGERS_TAG] }),
  ]
  for (const id of [first, second]) await expectStatus(person, 200, 'PATCH', `/notes/${id}`, { title: 'Another title' })
  for (const title of ['One', 'Two'])
    await expectStatus(person, 204, 'DELETE', `/notes/${await note(person, { title })}`)
  await apiKey(person)
  return [first, second]
}

/** Sends a request that a case is made with; a different status is a fault of the case. */
export async function expectStatus(person: Person, status: number, method: string, path: string, body?: unknown) {
  const answer = await person.ask(method, path, body === undefined ? {} : { body })
  if (answer.status !== status) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
  return answer.body
}

async function note(person: Person, fields: Readonly<Record<string, unknown>>): Promise<string> {
  return String((await expectStatus(person, 201, 'POST', '/notes', { ...exampleBody('createNote'), ...fields }))['id'])
}

/** More versions than any note of the stranger's has. */
async function noteWithHistory(person: Person, fields: Readonly<Record<string, unknown>>): Promise<string> {
  const id = await note(person, { ...fields, content: 'The text of version 1' })
  for (const change of [{ title: 'The title of version 2' }, { content: 'The text of version 3' }, { ...fields }])
    await expectStatus(person, 200, 'PATCH', `/notes/${id}`, change)
  return id
}

async function apiKey(person: Person): Promise<{ id: string; key: string }> {
  const body = { ...exampleBody('createApiKey'), current_password: person.password }
  const made = await expectStatus(person, 201, 'POST', '/api-keys', body)
  return { id: String(made['id']), key: String(made['key']) }
}

/** By the functions behind a login: a real one would make the address that the stranger shares a known one. */
async function session({ db, tokens }: TestServer, { email }: Person) {
  const account = await findAccountByEmail(db, email)
  const client = { address: '127.0.0.1', userAgent: undefined }
  const scope = 'account:read notes:read'
  const made =
    account === undefined
      ? undefined
      : await startSession(db, { account, strongerHash: undefined, scope, idleSeconds: 3_600, client })
  if (made === undefined) throw new Error('A session could not be started')
  const accessToken = await tokens.sign({ userId: made.userId, sessionId: made.sessionId, scope })
  return { id: made.sessionId, refreshToken: made.refreshToken, accessToken }
}
