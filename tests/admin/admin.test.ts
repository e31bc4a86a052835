import { expect, test } from 'vitest'
import { useDatabase, useServer } from '../support/fixtures.ts'
import { readEpoch } from '../../src/changes/core/epoch.ts'
import { type Answer, ask, form, logIn, register } from '../support/people.ts'
import { type Outcome, useAdmin } from './command.ts'

const database = useDatabase()
const server = useServer(() => ({ db: database.db, registration: 'open' }))
const { admin, directory } = useAdmin(database)

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
  [['deleteuser', 'a@example.com'], 'there is no command deleteuser (did you mean delete-user?)'],
  [['list_user'], 'there is no command list_user (did you mean list-users?)'],
  [['Totals '], 'did you mean totals?'],
  [['create-user', 'a@example.com', 'b@example.com'], 'create-user takes EMAIL'],
  [['delete-user', 'a@example.com', 'a@example.com', 'a@example.com'], 'delete-user takes EMAIL [EMAIL]'],
  [['help', 'usage'], 'help takes no arguments'],
  [['usage', '--srot', 'bytes'], "Unknown option '--srot' (did you mean --sort?)"],
  [['list-users', '--yes'], 'list-users has no option --yes'],
  [['totals', '--json=yes'], '--json takes no value'],
  [['totals', '--json', '--json'], '--json is there twice'],
  [['usage', '--sort'], '--sort needs a value: --sort ORDER'],
  [['usage', '--sort', 'size'], '--sort must be bytes, notes, activity, email'],
  [['usage', '--limit', '0'], '--limit must be a whole number above 0'],
])('%j is a wrong command: exit 2 and a line that gives the reason', async (args, reason) => {
  const { code, stdout, stderr } = await admin(args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^notes-api admin: [^\n]+; try npm run admin -- --help\n$/)
  expect(stderr).toContain(reason)
})

test.each(['reset-password', 'disable-user', 'enable-user', 'revoke-sessions'])(
  '%s of an unknown account is exit 1, with nothing on standard output, as JSON too',
  async (command) => {
    const refused = { code: 1, stdout: '', stderr: 'notes-api admin: there is no account nobody@example.com\n' }
    expect(await admin([command, 'nobody@example.com'])).toEqual(refused)
    expect(await admin([command, 'nobody@example.com', '--json'])).toEqual(refused)
  },
)

/** What a command prints with --json. */
const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await admin([...args, '--json'])
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Record<string, unknown>
}

test('--json prints what was done as one document', async () => {
  const email = 'json@example.com'
  const password = expect.stringMatching(/^\S{24}$/)
  const made = await json('create-user', email)
  expect(made).toEqual({ email, password })
  await logIn(server, email, String(made['password']))
  expect(await json('revoke-sessions', email)).toEqual({ email, sessions: 1 })
  expect(await json('disable-user', email)).toEqual({ email, is_active: false, changed: true })
  expect(await json('disable-user', email)).toEqual({ email, is_active: false, changed: false })
  expect(await json('enable-user', email)).toEqual({ email, is_active: true, changed: true })
  expect(await json('reset-password', email)).toEqual({ email, password })
  expect(await json('new-feed-epoch')).toEqual({ epoch: await readEpoch(database.db) })
  const { users } = await json('list-users')
  expect(users).toContainEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    email,
    is_active: true,
    sessions: 0,
    api_keys: 0,
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  })
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
  const { stdout } = await admin(['--help', '--json'])
  const { commands, exit_codes } = JSON.parse(stdout) as { commands: { name: string }[]; exit_codes: object }
  for (const { name } of commands) expect(help.stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
  expect(Object.keys(exit_codes)).toEqual(['0', '1', '2'])
  for (const code of Object.keys(exit_codes)) expect(help.stdout).toMatch(new RegExp(`^  ${code}  `, 'm'))
})
