/**
 * The server that ours is compared with: node:http and pg, without contract, checks, log or errors. With `statement`
 * each request is one prepared statement, the least that does the visible work; with `statements` it is everything that
 * our server sends for the same request, the credential's session and the history included.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { Pool, type PoolClient } from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { placing } from '../../src/changes/core/record-changes.ts'
import { typeParsers } from '../../src/db/type-parsers.ts'
import { packText, unpackText } from '../../src/notes/history/revision-text.ts'

interface Row {
  readonly id: string
  readonly version: number
  readonly text_version: number
  readonly content: string
}

type Querier = Pick<Pool, 'query'>
type Write = (on: Querier, body: { title: string; content: string }) => Promise<Row | undefined>

const isWhole = process.argv[2] === 'statements'
const pool = new Pool({
  connectionString: process.env['DATABASE_URL'],
  max: 10,
  types: typeParsers,
  options: '-c TimeZone=UTC',
})
const ownerId = process.env['OWNER_ID'] ?? ''
const author = ['session', process.env['SESSION_ID'] ?? '']

const NOTE = 'id, title, content, is_public, tags, is_pinned, is_archived, version, owner_id, created_at, updated_at'
const OF_OWNER = 'where id = $1 and owner_id = $2 and deleted_at is null'

async function run(on: Querier, name: string, text: string, values: unknown[]): Promise<Row[]> {
  return (await on.query<Row>({ name, text, values })).rows
}

/** The session that the credential names. */
async function checkSession(): Promise<void> {
  const text = `select sessions.user_id from sessions join users on users.id = sessions.user_id where sessions.id = $1
    and sessions.ended_at is null and sessions.expires_at > now() and users.is_active`
  await run(pool, 'session', text, [author[1]])
}

async function inTransaction(work: (on: PoolClient) => Promise<Row | undefined>): Promise<Row | undefined> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const row = await work(client)
    await client.query('commit')
    return row
  } finally {
    client.release()
  }
}

const create: Write = async (on, { title, content }) => {
  const text = `insert into notes (id, title, content, owner_id, changed_by_kind, changed_by_id)
    values ($1, $2, $3, $4, $5, $6) returning ${NOTE}`
  return (await run(on, 'create', text, [uuidv7(), title, content, ownerId, ...author]))[0]
}

/** What gives the changes in `changed` their places in the log: ours. */
const PLACING = placing.compile(
  new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
).sql

/** With its tags, of which there are none here, and the change in the log: one statement, as ours. */
const createWhole: Write = async (on, { title, content }) => {
  const text = `with note as (
      insert into notes (id, title, content, owner_id, changed_by_kind, changed_by_id)
      values ($1, $2, $3, $4, $5, $6) returning *
    ), tagged as (
      insert into note_tags (owner_id, note_id, tag_key, tag, position)
      select owner_id, id, tag_key, tag, position
      from note, unnest($7::text[], $7::text[]) with ordinality as given (tag_key, tag, position)
    ), changed as (
      select owner_id, id as note_id, 'upsert' as kind, version, 1 as place from note
    ), ${PLACING} select ${NOTE} from note`
  return (await run(on, 'create', text, [uuidv7(), title, content, ownerId, ...author, []]))[0]
}

/** The change in the log, as the last statement before COMMIT. */
async function record(on: Querier, row: Row | undefined): Promise<Row | undefined> {
  const text = `with changed as (
      select $1::uuid as owner_id, note_id, kind, version, place
      from unnest($2::uuid[], $3::text[], $4::int[]) with ordinality as change (note_id, kind, version, place)
    ), ${PLACING} select`
  if (row !== undefined) await run(on, 'record', text, [ownerId, [row.id], ['upsert'], [row.version]])
  return row
}

async function update(on: Querier, id: string, content: string, version: number): Promise<Row | undefined> {
  const text = `update notes set content = $3, version = version + 1, text_version = version + 1,
    updated_at = clock_timestamp(), changed_by_kind = $5, changed_by_id = $6
    ${OF_OWNER} and version = $4 returning ${NOTE}`
  return (await run(on, 'update', text, [id, ownerId, content, version, ...author]))[0]
}

/** Updates a note and stores the version before, as our history does. */
async function updateWithHistory(on: Querier, id: string, content: string, version: number): Promise<Row | undefined> {
  const [current] = await run(on, 'lock', `select * from notes ${OF_OWNER} for update`, [id, ownerId])
  if (current?.version !== version) return undefined
  const size = `(select coalesce(sum(octet_length(d.data)), 0) from note_texts d
    where d.note_id = note_texts.note_id and d.text_version > note_texts.text_version
      and d.base_version = note_texts.text_version) as size`
  const text = `select text_version, data, ${size} from note_texts
    where note_id = $1 and base_version is null order by text_version desc limit 1`
  const { rows } = await on.query<{ text_version: number; data: Buffer; size: number }>({
    name: 'base',
    text,
    values: [id],
  })
  const base = rows[0] === undefined || rows[0].size > rows[0].data.length ? undefined : rows[0]
  const data = await packText(current.content, base && (await unpackText(base.data, undefined)))
  const keepText = 'insert into note_texts (note_id, text_version, base_version, data) values ($1, $2, $3, $4)'
  await run(on, 'text', keepText, [id, current.text_version, base?.text_version ?? null, data])
  const columns = 'text_version, title, tags, is_public, is_pinned, is_archived'
  const keep = `insert into note_revisions (note_id, version, ${columns}, created_at, changed_by_kind, changed_by_id)
    select id, version, ${columns}, updated_at, changed_by_kind, changed_by_id from notes where id = any($1::uuid[])`
  await run(on, 'revision', keep, [[id]])
  return update(on, id, content, version)
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = '' } = request
  const id = url.slice('/notes/'.length)
  if (isWhole && url !== '/health') await checkSession()
  if (method === 'GET') {
    if (url === '/health') return send(response, 200, {})
    if (!url.includes('?'))
      return send(response, 200, (await run(pool, 'get', `select ${NOTE} from notes ${OF_OWNER}`, [id, ownerId]))[0])
    const text = `select ${NOTE} from notes
      where owner_id = $1 and deleted_at is null order by created_at desc, id desc limit $2`
    const rows = await run(pool, 'list', text, [ownerId, isWhole ? 21 : 20])
    return send(response, 200, rows.slice(0, 20))
  }
  const body = JSON.parse(await textOf(request)) as { title: string; content: string }
  if (method === 'POST') return send(response, 201, await (isWhole ? createWhole(pool, body) : create(pool, body)))
  const version = Number(request.headers['if-match']?.replaceAll('"', ''))
  const change = isWhole
    ? inTransaction(async (on) => record(on, await updateWithHistory(on, id, body.content, version)))
    : update(pool, id, body.content, version)
  const row = await change
  return send(response, row === undefined ? 412 : 200, row)
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, status: number, value: unknown = {}): void {
  const body = Buffer.from(JSON.stringify(value))
  const version =
    typeof value === 'object' && value !== null && 'version' in value ? { ETag: `"${String(value.version)}"` } : {}
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length, ...version })
  response.end(body)
}

createServer((request, response) => {
  handle(request, response).catch((error: unknown) => send(response, 500, { error: String(error) }))
}).listen(Number(process.env['PORT']), '127.0.0.1')
