/**
 * What a backup costs: `node tests/bench/backup.ts`. Makes 100 000 notes of about 1 kB, backs them up while others write,
 * restores them into an empty database, and compares. Says how long it took, how much memory it needed, and how long a
 * query of another connection took at most. `--notes 10000` for fewer.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { v7 as uuidv7 } from 'uuid'
import { createDatabase } from '../../src/db/database.ts'
import { contentsOf, query, urlOf } from '../backup/contents.ts'
import { fillNotes } from '../support/plans.ts'
import { print } from '../support/print.ts'
import { SECRET_KEY } from '../support/server.ts'
import { openBenchDatabase } from './database.ts'

const BACKUP = join(import.meta.dirname, '..', '..', 'src', 'backup')
const { values } = parseArgs({ options: { notes: { type: 'string' } } })
const notes = Number(values.notes ?? 100_000)

const { connection, dataDir, db, close } = await openBenchDatabase()
const file = join(dataDir, 'backup')
try {
  const owner = uuidv7()
  await db.insertInto('users').values({ id: owner, email: owner, email_key: owner, password_hash: '' }).execute()
  await fillNotes(db, owner, notes)
  await query(connection, `update notes set content = content || repeat(md5(id::text) || ' ', 20)`)

  const over = new AbortController()
  const writing = writeUntil(over.signal, owner)
  const made = await run('main.ts', [file], urlOf(connection))
  over.abort()
  const { count, slowest } = await writing
  print(`backup   ${made}, ${(statSync(file).size / 1e6).toFixed(1)} MB; ${count} notes were written meanwhile, the`)
  print(`         slowest in ${slowest.toFixed(0)} ms`)

  await query(connection, 'create database restored')
  const restored = { ...connection, database: 'restored' }
  print(`restore  ${await run('restore.ts', [file], urlOf(restored))}`)
  rmSync(file)
  await run('main.ts', [file], urlOf(restored))
  const before = await contentsOf(restored)
  await run('restore.ts', [file, '--replace'], urlOf(restored))
  const after = await contentsOf(restored)
  const same = Object.keys(before).filter((name) => before[name] === after[name])
  print(
    `again    ${same.length} of ${Object.keys(before).length} tables are equal after a backup of the restored database`,
  )
} finally {
  await close()
}

async function writeUntil(signal: AbortSignal, owner: string): Promise<{ count: number; slowest: number }> {
  const writer = createDatabase({ connection, poolSize: 1, onIdleError: () => undefined })
  let [count, slowest] = [0, 0]
  while (!signal.aborted) {
    const began = performance.now()
    await writer.insertInto('notes').values({ id: uuidv7(), owner_id: owner, title: 'T', content: 'New' }).execute()
    count += 1
    slowest = Math.max(slowest, performance.now() - began)
    await delay(2)
  }
  await writer.destroy()
  return { count, slowest }
}

/** As `npm run` does; the time includes the start of Node. */
async function run(program: string, args: readonly string[], url: string): Promise<string> {
  const began = performance.now()
  const child = spawn(process.execPath, ['--max-semi-space-size=2', join(BACKUP, program), ...args], {
    env: { MALLOC_ARENA_MAX: '1', DATABASE_URL: url, SECRET_KEY },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  let peak = 0
  const timer = setInterval(() => (peak = Math.max(peak, peakOf(child.pid))), 20)
  const [code] = await once(child, 'close')
  clearInterval(timer)
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}`)
  return `${((performance.now() - began) / 1_000).toFixed(1)} s, at most ${(peak / 1024).toFixed(0)} MiB of memory`
}

/** In KiB. */
function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
