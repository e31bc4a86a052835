import { connect } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { ask, logIn } from '../support/people.ts'
import { cleanUp, serve, temporaryDirectory, until } from '../support/process.ts'

afterAll(cleanUp)

test(
  '50 POSTs with one key, one cut off after its commit and the server killed in between, make one note',
  { timeout: 60_000 },
  async () => {
    const env = { DATA_DIR: temporaryDirectory() }
    const first = await serve(env)
    const account = { email: 'ann@example.com', password: 'a-password-for-tests' }
    await ask(first, 'POST', '/auth/register', { body: account })
    const { accessToken } = await logIn(first, account.email, account.password)
    const bearer = { Authorization: `Bearer ${accessToken}` }
    const count = async (server: { url: string }) =>
      (await ask(server, 'GET', '/notes', { headers: bearer })).list.length

    const body = JSON.stringify({ title: 'Once', content: 'and only once' })
    const headers = { ...bearer, 'Content-Type': 'application/json', 'Idempotency-Key': 'crash' }
    const lines = Object.entries({ Host: 'localhost', 'Content-Length': body.length, ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    const socket = connect(first.port, '127.0.0.1')
    // The reply is not read: it is lost, but the note is not.
    socket.pause().write(`POST /notes HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
    await until('the note is committed', async () => (await count(first)) === 1)
    socket.destroy()
    await first.end('SIGKILL')

    const second = await serve(env)
    const replies = await Promise.all(
      Array.from({ length: 49 }, () => ask(second, 'POST', '/notes', { body, headers })),
    )
    expect(replies.map(({ status, headers: sent }) => `${status} ${sent.get('idempotency-replayed')}`)).toEqual(
      replies.map(() => '201 true'),
    )
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
    expect(await count(second)).toBe(1)
    await second.end('SIGTERM')
  },
)
