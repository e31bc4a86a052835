import { describe, expect, test } from 'vitest'
import { useFixture, usePerson, useServer } from '../support/fixtures.ts'
import { endBlocks, holdBlocks } from '../support/login-blocks.ts'
import { type Answer, ask, enrol, register } from '../support/people.ts'

const server = useServer()
const ann = usePerson(server)
const bob = useFixture(() => register(server))

const FORM = 'application/x-www-form-urlencoded'

function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(server, 'POST', path, { body, headers: { 'Content-Type': FORM, ...headers } })
}
const token = (fields: string): Promise<Answer> => post('/auth/token', fields)
const login = (): string => new URLSearchParams({ username: bob.email, password: bob.password }).toString()

/** RFC 6749 §5.2: all characters but these would need an escape that its grammar does not have. */
const DESCRIPTION = /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/

describe('a problem of the token endpoint has the error of RFC 6749', () => {
  test.each([
    ['a wrong password', () => `username=${ann.email}&password=wrong`, 401, 'invalid-grant', 'invalid_grant'],
    ['an unknown e-mail', () => 'username=x@example.com&password=x', 401, 'invalid-grant', 'invalid_grant'],
    [
      'an unknown refresh token',
      () => 'grant_type=refresh_token&refresh_token=nrt_x',
      401,
      'invalid-grant',
      'invalid_grant',
    ],
    [
      'the grant of a web application',
      () => 'grant_type=authorization_code&code=x&redirect_uri=https%3A%2F%2Fa.example&client_id=y',
      400,
      'unsupported-grant-type',
      'unsupported_grant_type',
    ],
    [
      'a grant in another case',
      () => `grant_type=Password&${login()}`,
      400,
      'unsupported-grant-type',
      'unsupported_grant_type',
    ],
    [
      'the grant of machines',
      () => 'grant_type=client_credentials',
      400,
      'unsupported-grant-type',
      'unsupported_grant_type',
    ],
    ['an unknown scope', () => `${login()}&scope=notes:read+openid`, 400, 'invalid-scope', 'invalid_scope'],
    ['a scope in another case', () => `${login()}&scope=Notes:Read`, 400, 'invalid-scope', 'invalid_scope'],
    ['a scope of other characters', () => `${login()}&scope=%C3%A4%2C%22`, 400, 'invalid-scope', 'invalid_scope'],
    ['a scope that is too long', () => `${login()}&scope=${'a'.repeat(300)}`, 400, 'invalid-scope', 'invalid_scope'],
    ['no password', () => `username=${ann.email}`, 422, 'validation-failed', 'invalid_request'],
    ['no password and an unknown scope', () => 'username=a&scope=%C3%A4', 422, 'validation-failed', 'invalid_request'],
    ['nothing', () => '', 422, 'validation-failed', 'invalid_request'],
    ['no refresh token', () => 'grant_type=refresh_token', 422, 'validation-failed', 'invalid_request'],
    ['a parameter twice', () => `${login()}&password=x`, 422, 'validation-failed', 'invalid_request'],
    ['a grant twice', () => `grant_type=password&grant_type=x&${login()}`, 422, 'validation-failed', 'invalid_request'],
    ['a broken escape', () => 'username=%zz', 400, 'malformed-request', 'invalid_request'],
  ])('%s', async (_, body, status, slug, error) => {
    const refused = await token(body())
    expect(refused.status).toBe(status)
    expect(refused.body).toMatchObject({ type: `/problems/${slug}`, status, error })
    expect(refused.body['error_description']).toMatch(DESCRIPTION)
  })

  test('another media type, a body that is too large, and too many attempts', async () => {
    const json = await post('/auth/token', '{}', { 'Content-Type': 'application/json' })
    expect([json.status, json.body['error']]).toEqual([415, 'invalid_request'])
    const large = await token(`username=${'a'.repeat(5_000)}`)
    expect([large.status, large.body['error']]).toEqual([413, 'invalid_request'])
    const carol = await enrol(server)
    const guess = `username=${carol.email}&password=wrong`
    for (let count = 0; count < 5; count += 1) await token(guess)
    await holdBlocks(server.db)
    const blocked = await token(guess)
    await endBlocks(server.db)
    expect([blocked.status, blocked.body['error']]).toEqual([429, 'temporarily_unavailable'])
  })

  test('the revocation endpoint too, and no other operation', async () => {
    const refused = await post('/auth/revoke', 'x=1')
    expect([refused.status, refused.body['error']]).toEqual([422, 'invalid_request'])
    expect((await ask(server, 'GET', '/users/me')).body).not.toHaveProperty('error')
    expect((await ask(server, 'POST', '/auth/register', { body: {} })).body).not.toHaveProperty('error')
  })
})

describe('an endpoint of OAuth ignores', () => {
  test.each([
    ['unknown parameters', '&audience=x&resource=a&resource=b&code_verifier='],
    ['parameters without a value', '&grant_type=&scope=&client_id=&refresh_token='],
    ['the parameters of the other grant', '&refresh_token=nrt_x'],
    ['names that objects have', '&__proto__=1&constructor=2&toString=3'],
  ])('%s when somebody logs in', async (_, more) => {
    expect((await token(login() + more)).status).toBe(200)
  })

  test('the parameters of the other grant when a session goes on', async () => {
    const { refreshToken } = await enrol(server)
    const form = `grant_type=refresh_token&refresh_token=${refreshToken}&username=x&password=y&state=z`
    expect((await token(form)).status).toBe(200)
  })

  test('unknown parameters of a revocation', async () => {
    const { refreshToken } = await enrol(server)
    expect((await post('/auth/revoke', `token=${refreshToken}&reason=lost&reason=stolen`)).status).toBe(200)
    expect((await token(`grant_type=refresh_token&refresh_token=${refreshToken}`)).status).toBe(401)
  })

  test('not an unknown parameter of the address', async () => {
    expect((await post('/auth/token?x=1', login())).status).toBe(422)
  })
})
