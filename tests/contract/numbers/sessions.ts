import { sql } from 'kysely'
import { expect } from 'vitest'
import { logIn, type Person } from '../../support/people.ts'
import { about, claim, INFO, type Measure } from './claims.ts'
import { type Lab, STEP } from './lab.ts'

const refresh = async (lab: Lab, refresh_token: unknown) => {
  const { status, body } = await lab.token({ grant_type: 'refresh_token', refresh_token: String(refresh_token) })
  return { status, token: body['refresh_token'] }
}

const graceHolds: Measure = async ({ value }, lab) => {
  for (const [seconds, status] of [
    [value, 200],
    [value + STEP, 401],
  ] as const) {
    const { refreshToken } = await lab.person()
    const next = await refresh(lab, refreshToken)
    await lab.clock.pass(seconds)
    expect((await refresh(lab, refreshToken)).status, `after ${seconds} s`).toBe(status)
    // The whole session ends with a copy that turns up too late.
    if (status === 401) expect((await refresh(lab, next.token)).status).toBe(401)
  }
}

/** Each time the pair that came of it is used as well, so that no answer was lost. */
const exchanges: Measure = async ({ value }, lab) => {
  const { refreshToken } = await lab.person()
  for (let time = 1; time <= value; time += 1) {
    const next = await refresh(lab, refreshToken)
    expect(next.status, `exchange ${time}`).toBe(200)
    expect((await refresh(lab, next.token)).status).toBe(200)
  }
  expect((await refresh(lab, refreshToken)).status).toBe(401)
}

const [MINUTES, WEEKS] = [60, 52]

/** "For minutes": more than one of them, and less than the next unit of time. */
const accessLivesFor: Measure = async ({ value }, lab) => {
  const { ask } = await lab.person()
  await lab.clock.pass(2 * value)
  expect((await ask('GET', '/users/me')).status).toBe(200)
  await lab.clock.pass(MINUTES * value)
  expect((await ask('GET', '/users/me')).status).toBe(401)
}

const refreshLivesFor: Measure = async ({ value }, lab) => {
  const { email, password } = await lab.person()
  const first = await logIn(lab.server, email, password)
  await lab.clock.pass(2 * value)
  const next = await refresh(lab, first.refreshToken)
  expect(next.status).toBe(200)
  await lab.clock.pass(WEEKS * value)
  expect((await refresh(lab, next.token)).status).toBe(401)
}

const mostSessions: Measure = async ({ value }, lab) => {
  const { email, password } = await lab.person()
  await lab.clock.pass(1)
  // The first one is there; all but one of the others come straight into the database.
  await fillSessions(lab, email, value - 2)
  await lab.clock.pass(1)
  const last = await logIn(lab.server, email, password)
  const before = await idsOf(last)
  expect(before).toHaveLength(value)
  await lab.clock.pass(1)
  const after = await idsOf(await logIn(lab.server, email, password))
  expect(after).toHaveLength(value)
  expect(after.slice(1)).toEqual(before.slice(0, -1))
}

async function fillSessions({ server }: Lab, email: string, count: number): Promise<void> {
  await sql`
    with made as (
      insert into sessions (id, user_id, scope, created_at, expires_at)
      select gen_random_uuid(), id, 'account:read', now() - make_interval(secs => i / 1e6), now() + interval '1 day'
      from users, generate_series(1, ${count}::int) i where email = ${email} returning id)
    insert into refresh_tokens (token_hash, session_id, expires_at)
    select sha256(id::text::bytea), id, now() + interval '1 day' from made`.execute(server.db)
}

async function idsOf(person: Person): Promise<unknown[]> {
  return (await person.ask('GET', '/users/me/sessions')).list.map(({ id }) => id)
}

/** "Each is one login": a session more for each of them, whatever tokens follow. */
const sessionsOfLogin: Measure = async ({ value }, lab) => {
  const { email, password } = await lab.person()
  const person = await logIn(lab.server, email, password)
  const before = await idsOf(person)
  const other = await logIn(lab.server, email, password)
  expect((await refresh(lab, other.refreshToken)).status).toBe(200)
  expect((await idsOf(person)).length - before.length).toBe(value)
}

/** "From 64 bits": as many leading bits are told, and a client that has others of them is somebody else. */
const networkBits: Measure = async ({ value }, lab) => {
  const { email, password } = await lab.person()
  const told = async (bit: number): Promise<unknown> => {
    const flipped = BigInt('0x20010db8000100020003000400050006') ^ (1n << BigInt(128 - bit))
    const address = flipped
      .toString(16)
      .padStart(32, '0')
      .replaceAll(/(.{4})(?!$)/g, '$1:')
    const { body } = await lab.token({ username: email, password }, address)
    const [session] = (
      await lab.ask('GET', '/users/me/sessions', {
        headers: { Authorization: `Bearer ${String(body['access_token'])}` },
      })
    ).list
    return session?.['address']
  }
  expect(await told(value + 1)).toBe(await told(128))
  expect(await told(value)).not.toBe(await told(128))
  expect(await told(128)).toMatch(new RegExp(`/${value}$`))
}

export const sessionClaims = [
  claim(about('createToken'), 'Only within # may it be sent again,', graceHolds),
  claim('/components/schemas/Token/properties/refresh_token/description', 'Exchange it, #, for the next', exchanges),
  claim(INFO, 'an access token for # and a refresh token for #;', accessLivesFor, refreshLivesFor),
  claim(INFO, '| sessions of an account | # |', mostSessions),
  claim(about('listSessions'), 'An account has at most #; a further login ends the oldest.', mostSessions),
  claim(about('listSessions'), 'each is # login with', sessionsOfLogin),
  claim('/components/schemas/Session/properties/address/description', 'its network of #.', networkBits),
  claim('/components/schemas/SecurityEvent/properties/address/description', 'its network of #.', networkBits),
]
