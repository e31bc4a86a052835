import { sql } from 'kysely'
import { expect } from 'vitest'
import { type Answer, logIn, type Person } from '../../support/people.ts'
import { about, claim, INFO, type Measure } from './claims.ts'
import { type Lab, STEP } from './lab.ts'

const makeKey = ({ ask, password }: Person, fields: Readonly<Record<string, unknown>> = {}): Promise<Answer> =>
  ask('POST', '/api-keys', { body: { name: 'Key', scopes: ['account:read'], current_password: password, ...fields } })

const mostKeys: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  await fillKeys(lab, person, value - 1)
  expect((await makeKey(person)).status).toBe(201)
  const refused = await makeKey(person)
  expect(refused.body).toMatchObject({
    type: '/problems/too-many-api-keys',
    detail: `An account has at most ${value} API keys.`,
  })
  expect((await person.ask('GET', '/api-keys')).list).toHaveLength(value)
}

const beyondKeys: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  await fillKeys(lab, person, 1_000)
  expect((await makeKey(person)).status).toBe(value)
}

async function fillKeys({ server }: Lab, { email }: Person, count: number): Promise<void> {
  await sql`insert into api_keys (id, user_id, name, key_hash, hint, scope, expires_at)
    select gen_random_uuid(), id, 'Filler', sha256(gen_random_uuid()::text::bytea), 'nak_filler', 'account:read', now() + interval '1 day'
    from users, generate_series(1, ${count}::int) where email = ${email}`.execute(server.db)
}

/** In how many of the answers that could show it the key is shown. */
const timesShown: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const made = await makeKey(person)
  const key = String(made.body['key'])
  const own = { headers: { Authorization: `Bearer ${key}` } }
  const answers = [made, await person.ask('GET', '/api-keys'), await lab.ask('GET', '/users/me/credential', own)]
  expect(answers.filter(({ text }) => text.includes(key))).toHaveLength(value)
}

const characters: Measure = async ({ value }, lab) => {
  const made = await makeKey(await lab.person())
  expect(String(made.body['key'])).toMatch(new RegExp(`^nak_[A-Za-z0-9_-]{${value}}$`))
}

/** A use is told at once when the last one told is older than this, and at the edge it may still go untold. */
const lastUsedWithin: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { body } = await makeKey(person)
  const use = async (): Promise<number> => {
    await lab.ask('GET', '/users/me', { headers: { Authorization: `Bearer ${String(body['key'])}` } })
    const { password, email } = person
    const [key] = (await (await logIn(lab.server, email, password)).ask('GET', '/api-keys')).list
    return Date.parse(String(key?.['last_used_at'])) - lab.clock.now()
  }
  expect(await use()).toBe(0)
  await lab.clock.pass(value)
  expect(await use()).toBe(-1_000 * value)
  await lab.clock.pass(STEP)
  expect(await use()).toBe(0)
}

/** A key is good until the last millisecond of the days that it was made for. */
export async function keyLivesFor(days: number, lab: Lab, asked: number | undefined): Promise<void> {
  const { body } = await makeKey(await lab.person(), asked === undefined ? {} : { expires_in_days: asked })
  const use = async (): Promise<number> =>
    (await lab.ask('GET', '/users/me', { headers: { Authorization: `Bearer ${String(body['key'])}` } })).status
  expect(Date.parse(String(body['expires_at'])) - lab.clock.now()).toBe(days * 86_400_000)
  await lab.clock.pass(days * 86_400 - STEP)
  expect(await use()).toBe(200)
  await lab.clock.pass(STEP)
  expect(await use()).toBe(401)
}

const EXAMPLE = '/components/responses/TooManyApiKeys/content/application~1problem+json/examples/tooManyApiKeys'

export const keyClaims = [
  claim(INFO, '| API keys of an account | # | # |', mostKeys, beyondKeys),
  claim(about('createApiKey'), 'An account has at most # keys.', mostKeys),
  claim(`${EXAMPLE}/summary`, '# keys', mostKeys),
  claim(`${EXAMPLE}/value/detail`, 'An account has at most # API keys.', mostKeys),
  claim(INFO, 'until its expiry and is shown #.', timesShown),
  claim(about('createApiKey'), 'returns it, this #: only its hash is stored', timesShown),
  claim('/components/securitySchemes/apiKey/bearerFormat', 'nak_ and # letters', characters),
  claim('/components/securitySchemes/apiKey/description', 'is `nak_` and # letters, digits, `-` or `_`.', characters),
  claim('/components/schemas/ApiKey/properties/last_used_at/description', 'to within #.', lastUsedWithin),
]
