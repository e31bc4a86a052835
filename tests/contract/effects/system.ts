import { createDatabase } from '../../../src/db/database.ts'
import { enrol } from '../../support/people.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { document } from '../harness/document-examples.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'

interface Stopping extends State {
  readonly stop: () => Promise<void>
}

/** The usual server, or one that cannot reach its database. */
async function given(server: TestServer, sent: unknown): Promise<Stopping> {
  const person = await enrol(server)
  if (sent === 'with its database') return { person, stop: async () => undefined }
  // Port 1 of the loopback address: nothing listens there.
  const connection = { host: '127.0.0.1', port: 1, user: 'no', database: 'no' }
  const db = createDatabase({ connection, poolSize: 1, onIdleError: () => undefined })
  const cutOff = await startServer({ db })
  const stop = async (): Promise<void> => {
    await cutOff.stop()
    await db.destroy()
  }
  return { person, server: cutOff, stop }
}

async function told({ answer, state }: Seen<Stopping>): Promise<unknown> {
  await state.stop()
  return { status: answer.body['status'], version: answer.body['version'] }
}

export const systemEffects: readonly Effect[] = [
  effect('getHealth', 'state', {
    guards: true,
    given,
    sees: told,
    samples: [
      ['with its database', { status: 'healthy', version: document.version }],
      ['without', { status: 503, version: undefined }, 503],
    ],
  }),
  effect('getLiveness', 'state', {
    ignored: 'It never asks the database',
    given,
    sees: told,
    samples: [
      ['with its database', { status: 'alive', version: undefined }],
      ['without', { status: 'alive', version: undefined }],
    ],
  }),
]
