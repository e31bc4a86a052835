import { expect, test } from 'vitest'
import { allRows } from '../contract/harness/database-rows.ts'
import { useDatabase, useServer } from '../support/fixtures.ts'
import { type Answer, ask, form, newKey, type Person, register, userIdOf } from '../support/people.ts'
import { useAdmin } from './command.ts'

const database = useDatabase()
const server = useServer(() => ({ db: database.db, registration: 'open' }))
const { admin } = useAdmin(database)

/** A person with something in every table that belongs to an account. */
async function settle(): Promise<Person> {
  const person = await register(server)
  await newKey(person)
  const [kept, trashed] = await Promise.all(
    ['kept', 'trashed'].map(async (title) => {
      const headers = { 'Idempotency-Key': `${title}-of-${person.email}` }
      const body = { title, content: `of ${person.email}`, tags: ['x'] }
      return String((await person.ask('POST', '/notes', { body, headers })).body['id'])
    }),
  )
  await person.ask('PATCH', `/notes/${kept}`, { body: { content: 'new' } })
  await person.ask('DELETE', `/notes/${trashed}`)
  await ask(server, 'POST', '/auth/token', form({ username: person.email, password: 'not this one' }))
  return person
}

const rows = async (): Promise<string> => JSON.stringify(await allRows(database.db))
const deletions = async (): Promise<number> => (await rows()).split(',account_deleted,').length - 1

/** What the tables hold of an account: its row, and everything that names it or its notes. */
async function traces({ email, accessToken }: Person): Promise<boolean> {
  const all = await rows()
  return all.includes(email) || all.includes(userIdOf({ accessToken }))
}

test('delete-user erases everything of the account as its owner can, and leaves every other account as it was', async () => {
  const [ann, bob, eve] = [await settle(), await settle(), await settle()]
  const before = await bob.ask('GET', '/notes')
  const count = await deletions()
  expect(await admin(['delete-user', ann.email, '--yes'])).toEqual({
    code: 0,
    stdout: `deleted ${ann.email} and everything of it\n`,
    stderr: '',
  })
  expect((await ann.ask('GET', '/notes')).status).toBe(401)
  expect(await traces(ann)).toBe(false)
  expect(await deletions()).toBe(count + 1)
  expect((await eve.ask('DELETE', '/users/me', { body: { current_password: eve.password } })).status).toBe(204)
  // By either way, the addresses from which the account logged in are gone too. Only their hashes are stored.
  expect((await allRows(database.db)).filter((row) => row.startsWith('known_addresses '))).toHaveLength(1)
  expect((await bob.ask('GET', '/notes')).text).toBe(before.text)
  expect((await bob.ask('GET', '/trash')).list).toHaveLength(1)
  expect((await bob.ask('GET', '/api-keys')).list).toHaveLength(1)
})

test('a deleted e-mail may be registered again, and delete-user says plainly if there is no account', async () => {
  const ann = await settle()
  await admin(['delete-user', ann.email, ann.email])
  const before = await rows()
  const again = { code: 0, stdout: `there is no account ${ann.email}; nothing was deleted\n`, stderr: '' }
  expect(await admin(['delete-user', ann.email, ann.email])).toEqual(again)
  const { code, stdout } = await admin(['delete-user', ann.email, '--yes', '--json'])
  expect([code, JSON.parse(stdout)]).toEqual([0, { email: ann.email, deleted: false }])
  expect(await rows()).toBe(before)
  const made = await ask(server, 'POST', '/auth/register', { body: { email: ann.email, password: ann.password } })
  expect(made.status).toBe(201)
})

test('without --yes or the e-mail again, or with another e-mail, nothing is deleted: exit 2', async () => {
  const ann = await settle()
  const before = await rows()
  expect(await admin(['delete-user', ann.email])).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'notes-api admin: delete-user erases for ever: repeat the e-mail, or add --yes; try npm run admin -- --help\n',
  })
  expect(await admin(['delete-user', ann.email, 'other@example.com'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('the two e-mails differ'),
  })
  expect(await rows()).toBe(before)
})

test('an e-mail in another spelling names the same account, also when it is repeated', async () => {
  await admin(['create-user', 'user@münchen.de'])
  const { code, stdout } = await admin(['delete-user', 'USER@xn--mnchen-3ya.de', 'user@MÜNCHEN.de', '--json'])
  expect([code, JSON.parse(stdout)]).toEqual([0, { email: 'user@münchen.de', deleted: true }])
  expect(await rows()).not.toContain('münchen')
})

test('a disabled account can be deleted', async () => {
  const ann = await settle()
  await admin(['disable-user', ann.email])
  expect((await admin(['delete-user', ann.email, '--yes'])).code).toBe(0)
  expect(await traces(ann)).toBe(false)
})

test('an account is deleted at once and whole while it writes; its writers are refused as documented, others go on', async () => {
  const [ann, bob] = [await settle(), await settle()]
  const [{ id } = {}] = (await ann.ask('GET', '/notes')).list
  const over = new AbortController()
  const write = (person: Person, round: number): Promise<Answer> =>
    round % 2 === 0 && person === ann
      ? person.ask('PATCH', `/notes/${String(id)}`, { body: { content: `${round}` } })
      : person.ask('POST', '/notes', { body: { title: `${round}`, content: 'x', tags: ['y'] } })
  const loop = async (person: Person): Promise<Answer[]> => {
    const answers: Answer[] = []
    while (!over.signal.aborted) answers.push(await write(person, answers.length))
    return answers
  }
  const writers = [ann, ann, ann, ann, ann, ann].map(loop)
  const other = loop(bob)
  const deleted = await admin(['delete-user', ann.email, '--yes'])
  over.abort()
  expect(deleted).toMatchObject({ code: 0, stderr: '' })
  const answers = (await Promise.all(writers)).flat()
  // 503: what it waits for is locked by the deletion, for a second on a busy machine.
  expect(answers.filter(({ status }) => ![200, 201, 401, 404, 503].includes(status))).toEqual([])
  expect(answers.map(({ status }) => status)).toContain(201)
  expect((await write(ann, 0)).status).toBe(401)
  expect(await traces(ann)).toBe(false)
  const others = await other
  expect(new Set(others.map(({ status }) => status))).toEqual(new Set([201]))
  const { headers } = await bob.ask('GET', '/notes?count=true&limit=1')
  expect(headers.get('X-Total-Count')).toBe(String(others.length + 1))
})

test('two commands that delete one account at once: one does, the other says that there is none', async () => {
  const ann = await settle()
  const both = await Promise.all([1, 2].map(() => admin(['delete-user', ann.email, '--yes', '--json'])))
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  const outcomes = both.map(({ stdout }) => (JSON.parse(stdout) as { deleted: boolean }).deleted)
  expect(new Set(outcomes)).toEqual(new Set([false, true]))
  expect(await traces(ann)).toBe(false)
})
