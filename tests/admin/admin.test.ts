import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { useDatabase, useServer } from '../support/fixtures.ts'
import { readEpoch } from '../../src/changes/core/epoch.ts'
import { type Answer, ask, form, logIn, register } from '../support/people.ts'
import { SECRET_KEY } from '../support/server.ts'

const database = useDatabase()
const server = useServer(() => ({ db: database.db, registration: 'open' }))
/** Saves each process much of its start time. */
const COMPILE_CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'compiled-for-tests')
const directory = mkdtempSync(join(tmpdir(), 'notes-admin-'))
afterAll(() => rmSync(directory, { recursive: true }))

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command as the operator types it, in its own process, while the server runs. */
function admin(args: readonly string[], env: Readonly<Record<string, string>> = settings()): Promise<Outcome> {
  const main = join(import.meta.dirname, '..', '..', 'src', 'admin', 'main.ts')
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, ...args],
      { cwd: directory, env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...env }, timeout: 20_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      },
    )
  })
}

function settings(): Record<string, string> {
  const { host, port, user, password, database: name } = database.connection
  const login = password === '' ? user : `${user}:${encodeURIComponent(password)}`
  return { DATABASE_URL: `postgres://${login}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`, SECRET_KEY }
}

function tryLogIn(username: string, password: string): Promise<Answer> {
  return ask(server, 'POST', '/auth/token', form({ username, password }))
}

const passwordIn = ({ stdout }: Outcome): string => /^password: (\S{24})$/m.exec(stdout)?.[1] ?? ''

test('create-user makes an account whose printed password logs in, once only', async () => {
  const made = await admin(['create-user', 'Made@Example.com'])
  expect(made).toMatchObject({ code: 0, stderr: '' })
  const person = await logIn(server, 'made@example.com', passwordIn(made))
  expect((await person.ask('GET', '/users/me')).body['email']).toBe('Made@Example.com')
  expect((await person.ask('GET', '/users/me/security-events')).list.at(-1)).toMatchObject({
    type: 'operator_created_account',
    address: null,
  })
  const again = await admin(['create-user', 'MADE@example.com'])
  expect(again).toEqual({
    code: 1,
    stdout: '',
    stderr: 'notes-api admin: an account MADE@example.com already exists\n',
  })
})

test('an e-mail may be in any script, in another spelling, and have blanks around it', async () => {
  const made = await admin(['create-user', ' user@münchen.de '])
  expect(made).toMatchObject({ code: 0, stderr: '' })
  const person = await logIn(server, 'user@xn--mnchen-3ya.de', passwordIn(made))
  expect((await person.ask('GET', '/users/me')).body['email']).toBe('user@münchen.de')
  const disabled = await admin(['disable-user', 'user@XN--mnchen-3ya.de '])
  expect(disabled).toMatchObject({ code: 0, stdout: 'disabled user@münchen.de\n' })
})

test('create-user refuses an e-mail that the contract would refuse', async () => {
  expect(await admin(['create-user', 'nobody'])).toMatchObject({ code: 2, stdout: '' })
})

test('disable-user locks an account out at once and ends its sessions; enable-user admits it again', async () => {
  const ann = await register(server)
  const key = await ann.ask('POST', '/api-keys', {
    body: { name: 'k', scopes: ['notes:read'], current_password: ann.password },
  })
  const useKey = () => ask(server, 'GET', '/notes', { headers: { Authorization: `Bearer ${String(key.body['key'])}` } })
  expect(await admin(['disable-user', ann.email])).toMatchObject({ code: 0, stdout: `disabled ${ann.email}\n` })
  expect((await ann.ask('GET', '/notes')).status).toBe(401)
  expect((await useKey()).status).toBe(401)
  expect((await tryLogIn(ann.email, ann.password)).status).toBe(401)
  expect(await admin(['disable-user', ann.email])).toMatchObject({
    code: 0,
    stdout: `${ann.email} was already disabled\n`,
  })
  expect((await admin(['enable-user', ann.email])).code).toBe(0)
  expect((await ann.ask('GET', '/notes')).status).toBe(401)
  expect((await useKey()).status).toBe(200)
  const again = await logIn(server, ann.email, ann.password)
  const types = (await again.ask('GET', '/users/me/security-events')).list.map(({ type }) => type)
  expect(types.filter((type) => String(type).startsWith('operator_'))).toEqual([
    'operator_enabled_account',
    'operator_disabled_account',
  ])
})

test('reset-password prints a password that works and ends every session of the old one', async () => {
  const ann = await register(server)
  const reset = await admin(['reset-password', ann.email.toUpperCase()])
  expect(reset.code).toBe(0)
  expect((await ann.ask('GET', '/notes')).status).toBe(401)
  expect((await tryLogIn(ann.email, ann.password)).status).toBe(401)
  expect((await tryLogIn(ann.email, passwordIn(reset))).status).toBe(200)
})

test('revoke-sessions ends all sessions of an account and prints their number', async () => {
  const ann = await register(server)
  await logIn(server, ann.email, ann.password)
  expect(await admin(['revoke-sessions', ann.email])).toMatchObject({
    code: 0,
    stdout: `ended 2 sessions of ${ann.email}\n`,
  })
  expect((await ann.ask('GET', '/notes')).status).toBe(401)
  expect((await tryLogIn(ann.email, ann.password)).status).toBe(200)
})

test('new-feed-epoch begins a new epoch of the change log', async () => {
  const epoch = await readEpoch(database.db)
  expect(await admin(['new-feed-epoch'])).toEqual({
    code: 0,
    stdout: 'a new epoch has begun; every sync client starts again\n',
    stderr: '',
  })
  expect(await readEpoch(database.db)).not.toBe(epoch)
})

test('list-users shows every account with its state, oldest first', async () => {
  const ann = await register(server)
  const { stdout, code } = await admin(['list-users'])
  const [head, ...lines] = stdout.trimEnd().split('\n')
  expect([code, head]).toEqual([0, 'STATE\tSESSIONS\tKEYS\tSINCE\tEMAIL'])
  expect(lines.at(-1)).toMatch(new RegExp(`^active\t1\t0\t\\d{4}-\\d\\d-\\d\\d\t${ann.email}$`))
  const { length } = await server.db.selectFrom('users').select('id').execute()
  expect(lines).toHaveLength(length)
})

test.each([
  [['frobnicate'], 'there is no command frobnicate'],
  [['constructor'], 'there is no command constructor'],
  [['disable-user'], 'disable-user takes EMAIL'],
  [['list-users', 'more'], 'list-users takes no arguments'],
  [['list-users', '--frob'], "Unknown option '--frob'"],
])('%j is a wrong command: exit 2 and a line that gives the reason', async (args, reason) => {
  const { code, stdout, stderr } = await admin(args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^notes-api admin: [^\n]+; try npm run admin -- --help\n$/)
  expect(stderr).toContain(reason)
})

test('an unknown account is exit 1', async () => {
  const { code, stderr } = await admin(['reset-password', 'nobody@example.com'])
  expect([code, stderr]).toEqual([1, 'notes-api admin: there is no account nobody@example.com\n'])
})

test('without a running database it prints what to do: exit 1', async () => {
  const { code, stdout, stderr } = await admin(['list-users'], { DATA_DIR: directory })
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(
    /^notes-api admin: the database is not reachable \([^\n]+\); the embedded one runs only while the server does\n$/,
  )
})

test('wrong settings are exit 2, and --help is exit 0 without any', async () => {
  expect(await admin(['list-users'], { PORT: 'x' })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('PORT must be'),
  })
  const help = await admin(['--help'], { PORT: 'x' })
  expect(help.code).toBe(0)
  for (const command of ['create-user EMAIL', 'reset-password EMAIL', 'list-users'])
    expect(help.stdout).toContain(`  ${command}`)
})
