/**
 * A server for tests to kill. Starts the embedded database, inserts rows as fast as they are acknowledged, and prints
 * `ready`, each acknowledged id, and `startup error: …` if it cannot start. On SIGINT it queries once more and stops.
 */
import { Client } from 'pg'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { StartupError } from '../../src/startup-error.ts'

const [dataDir = '', first = '1'] = process.argv.slice(2)
const print = (line: string | number): boolean => process.stdout.write(`${line}\n`)

try {
  const database = await startEmbedded({ dataDir })
  const client = new Client(database.connection)
  await client.connect()
  await client.query('create table if not exists kept (id int primary key)')
  const drain = new AbortController()
  process.on('SIGINT', () => drain.abort())
  print('ready')
  for (let id = Number(first); !drain.signal.aborted; id++) {
    await client.query('insert into kept values ($1)', [id])
    print(id)
  }
  await client.query('select 1')
  print('drained')
  await client.end()
  await database.stop()
} catch (error) {
  if (!(error instanceof StartupError)) throw error
  print(`startup error: ${error.message}`)
}
