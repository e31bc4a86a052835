import { afterAll, expect, test } from 'vitest'
import { ask, logIn, type Person, register } from '../support/people.ts'
import { cleanUp, endServers, freePort, postgresIn, serve, temporaryDirectory, until } from '../support/process.ts'

afterAll(cleanUp)

/** The environment can ask for more: KILLS=10. */
const KILLS = Number(process.env['KILLS'] ?? 3)

/** Writes in four parallel loops until the server is gone, and collects the notes whose 201 arrived. */
async function write(writer: Person, acknowledged: string[]): Promise<void> {
  const hand = async (): Promise<void> => {
    for (;;) {
      const made = await writer
        .ask('POST', '/notes', { body: { title: 'Kept', content: 'x'.repeat(200) } })
        .catch(() => undefined)
      if (made === undefined) return
      expect(made.status).toBe(201)
      acknowledged.push(String(made.body['id']))
    }
  }
  await Promise.all([hand(), hand(), hand(), hand()])
}

async function allNotes(reader: Person): Promise<Set<string>> {
  const ids = new Set<string>()
  let address: string | undefined = '/notes?limit=100'
  while (address !== undefined) {
    const page: Awaited<ReturnType<Person['ask']>> = await reader.ask('GET', address)
    for (const { id } of page.list) ids.add(String(id))
    address = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
  }
  return ids
}

test(
  `kill -9 during writes, ${KILLS} times: no acknowledged note is lost, and the server is ready again within 5 s`,
  { timeout: 60_000 + KILLS * 10_000 },
  async ({ annotate }) => {
    const env = { DATA_DIR: temporaryDirectory(), PORT: String(await freePort()), LOG_LEVEL: 'warn' }
    let server = await serve(env)
    const ann = await register(server)
    // What a start takes on this machine now, when nothing has to be recovered.
    expect(await server.end('SIGTERM')).toBe(0)
    const started = performance.now()
    server = await serve(env)
    const ordinary = performance.now() - started
    const acknowledged: string[] = []
    const times: number[] = []
    for (let count = 0; count < KILLS; count += 1) {
      const before = acknowledged.length
      const writing = write(ann, acknowledged)
      await until('some are written', () => acknowledged.length > before + 50)
      expect(await server.end('SIGKILL')).toBe('SIGKILL')
      await writing
      const began = performance.now()
      server = await serve(env)
      times.push(Math.round(performance.now() - began))
      const found = await allNotes(ann)
      expect(acknowledged.filter((id) => !found.has(id))).toEqual([])
    }
    expect(Math.max(...times)).toBeLessThan(Math.max(5_000, 3 * ordinary))
    // A second session sees the same, and the one from before the first kill is still valid.
    const again = await logIn(server, ann.email, ann.password)
    const found = await allNotes(again)
    expect(acknowledged.filter((id) => !found.has(id))).toEqual([])
    expect(
      (await ask(server, 'GET', '/users/me', { headers: { Authorization: `Bearer ${ann.accessToken}` } })).status,
    ).toBe(200)
    await server.end('SIGKILL')
    const gone = await until(
      'PostgreSQL follows a server that was killed',
      () => postgresIn(env.DATA_DIR).length === 0,
      5_000,
    )
    await endServers()
    await annotate(
      `acknowledged ${acknowledged.length}, found ${found.size}, serving again after ${times.join(', ')} ms, ` +
        `PostgreSQL gone after ${Math.round(gone)} ms`,
    )
  },
)
