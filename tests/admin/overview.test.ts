import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { loadDocument } from '../../src/contract/document/document.ts'
import { useDatabase, useServer } from '../support/fixtures.ts'
import { newKey, type Person, register } from '../support/people.ts'
import { useAdmin } from './command.ts'

const database = useDatabase()
const server = useServer(() => ({ db: database.db, registration: 'open' }))
const { admin } = useAdmin(database)

interface UsageRow {
  readonly email: string
  readonly history_bytes: number
  readonly last_active_at: string | null
}

async function usage(...args: string[]): Promise<UsageRow[]> {
  const { code, stdout, stderr } = await admin(['usage', '--json', ...args])
  expect([code, stderr]).toEqual([0, ''])
  return (JSON.parse(stdout) as { users: UsageRow[] }).users
}

const emails = (rows: readonly UsageRow[]): string[] => rows.map(({ email }) => email)

const write = async (person: Person, title: string, content: string): Promise<string> =>
  String((await person.ask('POST', '/notes', { body: { title, content } })).body['id'])

test('without accounts, usage has a head or an empty list, and totals are zero', async () => {
  expect((await admin(['usage'])).stdout).toBe('STATE\tNOTES\tTRASH\tBYTES\tHISTORY\tSESSIONS\tKEYS\tACTIVE\tEMAIL\n')
  expect(await usage()).toEqual([])
  const totals = JSON.parse((await admin(['totals', '--json'])).stdout) as Record<string, unknown>
  expect(totals).toMatchObject({ users: 0, notes: 0, text_bytes: 0, history_bytes: 0 })
})

test('usage counts notes, bytes of UTF-8, history, sessions and keys of each account, the largest first', async () => {
  const [ann, bob] = [await register(server), await register(server)]
  await newKey(bob)
  await write(bob, 'ä', 'öö')
  const id = await write(bob, 'old', 'x'.repeat(5_000))
  await bob.ask('PATCH', `/notes/${id}`, { body: { title: 'new', content: 'y' } })
  await bob.ask('DELETE', `/notes/${id}`)
  await admin(['create-user', 'quiet@example.com'])
  await admin(['disable-user', 'quiet@example.com'])
  const rows = await usage()
  const recent = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  const nothing = { notes: 0, trashed_notes: 0, text_bytes: 0, history_bytes: 0, sessions: 0, api_keys: 0 }
  expect(rows[0]).toEqual({
    email: bob.email,
    is_active: true,
    notes: 1,
    trashed_notes: 1,
    // ä, öö, new, y
    text_bytes: 2 + 4 + 3 + 1,
    history_bytes: expect.any(Number),
    sessions: 1,
    api_keys: 1,
    last_active_at: recent,
  })
  // Compressed, with its title.
  expect(rows[0]?.history_bytes).toBeGreaterThan('old'.length)
  expect(rows[0]?.history_bytes).toBeLessThan(500)
  expect(rows).toContainEqual({ ...nothing, email: ann.email, is_active: true, sessions: 1, last_active_at: recent })
  expect(rows).toContainEqual({ ...nothing, email: 'quiet@example.com', is_active: false, last_active_at: null })
  const { stdout } = await admin(['usage'])
  expect(stdout).toMatch(new RegExp(`^active\t1\t1\t10\t\\d+\t1\t1\t\\d{4}-\\d\\d-\\d\\d\t${bob.email}$`, 'm'))
  expect(stdout).toMatch(/^disabled\t0\t0\t0\t0\t0\t0\t-\tquiet@example\.com$/m)
})

test('usage is sorted as asked, and --limit keeps the first ones', async () => {
  const ann = await register(server)
  for (const title of ['1', '2', '3']) await write(ann, title, '')
  expect(emails(await usage('--sort', 'notes'))[0]).toBe(ann.email)
  expect(emails(await usage('--sort', 'activity'))[0]).toBe(ann.email)
  expect(emails(await usage('--sort', 'activity')).at(-1)).toBe('quiet@example.com')
  const byEmail = emails(await usage('--sort', 'email'))
  expect(byEmail).toEqual(byEmail.toSorted())
  expect(emails(await usage('--sort', 'email', '--limit', '2'))).toEqual(byEmail.slice(0, 2))
})

test('totals are the sums of what the accounts use, with the size and the version of the database', async () => {
  const rows = await usage()
  const sum = (key: string): number => rows.reduce((total, row) => total + Number(Reflect.get(row, key)), 0)
  const totals = JSON.parse((await admin(['totals', '--json'])).stdout) as Record<string, unknown>
  expect(totals).toEqual({
    users: rows.length,
    disabled_users: 1,
    notes: sum('notes'),
    trashed_notes: sum('trashed_notes'),
    versions: 1,
    text_bytes: sum('text_bytes'),
    history_bytes: sum('history_bytes'),
    sessions: sum('sessions'),
    api_keys: sum('api_keys'),
    database_bytes: expect.any(Number),
    postgres: expect.stringMatching(/^\d+\.\d+/),
    schema: expect.stringMatching(/^\d+_\w+$/),
    migrations: expect.any(Number),
    version: loadDocument().version,
  })
  expect(totals['database_bytes']).toBeGreaterThan(1_000_000)
  const { stdout, code } = await admin(['totals'])
  expect(code).toBe(0)
  expect(stdout).toMatch(new RegExp(`^users\t${rows.length}\n`))
})

test('lists longer than a batch are whole, in order and without repetition', async () => {
  await sql`insert into users (id, email, email_key, password_hash)
    select gen_random_uuid(), email, email, '-' from (
      select 'many-' || lpad(n::text, 4, '0') || '@example.com' as email from generate_series(1, 1200) n) as made`.execute(
    database.db,
  )
  const many = emails(await usage('--sort', 'email')).filter((email) => email.startsWith('many-'))
  expect(many).toEqual(Array.from({ length: 1_200 }, (_, n) => `many-${String(n + 1).padStart(4, '0')}@example.com`))
  const { users } = JSON.parse((await admin(['list-users', '--json'])).stdout) as { users: UsageRow[] }
  const { stdout } = await admin(['list-users'])
  expect(users).toHaveLength(stdout.trimEnd().split('\n').length - 1)
  expect(new Set(emails(users)).size).toBe(users.length)
})
