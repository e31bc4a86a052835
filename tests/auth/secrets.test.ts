import { expect, test } from 'vitest'
import { useServer } from '../support/fixtures.ts'
import { type Answer, ask, form, logIn, register } from '../support/people.ts'

const server = useServer()

const post = (path: string, fields: Record<string, string>): Promise<Answer> => ask(server, 'POST', path, form(fields))

test('no secret that passes through is in a log line or an error, wherever it was put', async () => {
  const password = 'canary-password-1f6b'
  const wrong = 'canary-wrong-2c9d'
  const next = 'canary-next-password-3e1a'
  const broken = 'canary-broken-4b8f'
  const ann = await register(server, { password })
  const made = await ann.ask('POST', '/api-keys', {
    body: { name: 'k', scopes: ['notes:read'], current_password: password },
  })
  const key = String(made.body['key'])
  const answers = [
    await post('/auth/token', { username: ann.email, password: wrong }),
    await post('/auth/token', { username: ann.email, password: wrong, colour: wrong }),
    await post('/auth/token', { grant_type: 'refresh_token', refresh_token: wrong }),
    await post('/auth/revoke', { token: wrong }),
    await ask(server, 'GET', `/notes?access_token=${ann.accessToken}`),
    await ask(server, 'GET', `/${key}`),
    await ask(server, 'GET', '/notes', { headers: { Authorization: `Bearer ${wrong}` } }),
    await ask(server, 'POST', '/auth/register', {
      body: `{"email":"x@example.com","password":"${broken}`,
      headers: { 'Content-Type': 'application/json' },
    }),
    await ask(server, 'POST', '/auth/register', { body: { email: ann.email, password: next } }),
    await ann.ask('PUT', '/users/me/password', { body: { current_password: wrong, new_password: next } }),
    await ann.ask('PATCH', '/users/me', { body: { email: 'no e-mail', current_password: wrong } }),
    await ann.ask('PUT', '/users/me/password', { body: { current_password: password, new_password: next } }),
  ]
  await logIn(server, ann.email, next)
  expect(answers.filter(({ status }) => status >= 400).length).toBe(answers.length - 2)

  const secrets = [password, wrong, next, broken, ann.accessToken, ann.refreshToken, key, ann.email]
  const output = [...server.log, ...answers.map(({ text }) => text)].join('\n')
  expect(server.log.length).toBeGreaterThan(answers.length)
  for (const secret of secrets) expect(output.includes(secret), secret).toBe(false)
})
