/**
 * Promise A1: `node tests/bench/login-timing.ts [samples]`. How long the shipped server takes to refuse an unknown
 * e-mail, a wrong password and a disabled account, one after another in changing order.
 */
import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { openBenchDatabase } from './database.ts'
import { print } from '../support/print.ts'
import { quantile } from './figures.ts'
import { logIn, register, startBenchServer } from './login-server.ts'

const SAMPLES = Math.min(1_000, Number(process.argv[2] ?? 200))
/** The number of failed logins of an account at an address without a wait. */
const GUESSES = 4
const PASSWORD = 'one long walk by the sea'

const database = await openBenchDatabase()
const server = await startBenchServer(database.connection, 'shipped')
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
try {
  const email = { unknown: '', wrong: '', disabled: '' }
  const times: Record<keyof typeof email, number[]> = { unknown: [], wrong: [], disabled: [] }
  const kinds = ['unknown', 'wrong', 'disabled'] as const
  for (let round = -GUESSES; round < SAMPLES; round += 1) {
    if (round % GUESSES === 0) {
      for (const kind of kinds) email[kind] = `${randomUUID()}@example.com`
      await register(server.url, agent, email.wrong, PASSWORD)
      await register(server.url, agent, email.disabled, PASSWORD)
      await database.db.updateTable('users').set({ is_active: false }).where('email', '=', email.disabled).execute()
      await database.db.deleteFrom('login_failures').execute()
    }
    for (let turn = 0; turn < kinds.length; turn += 1) {
      const kind = kinds[(turn + round + SAMPLES * 3) % kinds.length] ?? 'unknown'
      const { status, ms } = await logIn(
        server.url,
        agent,
        email[kind],
        kind === 'disabled' ? PASSWORD : 'not-the-password',
      )
      if (status !== 401) throw new Error(`${kind}: status ${status}`)
      // The first rounds only warm up.
      if (round >= 0) times[kind].push(ms)
    }
  }
  const median = (kind: keyof typeof email): number => quantile(times[kind], 0.5)
  const spread = (kind: keyof typeof email): string =>
    `${quantile(times[kind], 0.25).toFixed(2)}–${quantile(times[kind], 0.75).toFixed(2)}`
  for (const kind of kinds)
    print(`${kind}: median ${median(kind).toFixed(2)} ms, quartiles ${spread(kind)} (${times[kind].length} samples)`)
  for (const kind of ['unknown', 'disabled'] as const) {
    const difference = median(kind) - median('wrong')
    print(
      `${kind} against wrong password: ${difference.toFixed(2)} ms, ` +
        `${((100 * difference) / median('wrong')).toFixed(1)} %`,
    )
  }
} finally {
  agent.destroy()
  await server.stop()
  await database.close()
}
