/**
 * The drill: `npm run drill`. Causes the faults that the server promises to survive, one after the other, while clients
 * send fifty requests a second, and prints what was promised beside what was measured. Needs what the tests need, and
 * for some faults root, a Redis and faketime; a fault that this machine cannot cause is named. Takes about ten minutes.
 * `--only TEXT` for the faults that contain it, `--list` for their names. Exits with 1 if a promise did not hold.
 */
import { parseArgs } from 'node:util'
import { print } from '../support/print.ts'
import { cleanUp } from '../support/process.ts'
import type { Verdict } from './judge.ts'
import type { Finding, NotRun, Row } from './row.ts'
import { databaseRows } from './rows/database.ts'
import { redisRows } from './rows/redis.ts'
import { serverRows } from './rows/server.ts'

const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, list: { type: 'boolean' } } })
const rows = [...databaseRows, ...serverRows, ...redisRows].filter(({ fault }) => fault.includes(values.only))
const counts = { held: 0, broken: 0, notRun: 0 }

if (rows.length === 0) {
  print('no such fault')
  process.exitCode = 2
} else if (values.list === true) for (const { fault, promised } of rows) print(`${fault}: ${promised}`)
else {
  for (const row of rows) tell(row, await carryOut(row))
  print(`\n${counts.held} held, ${counts.broken} broken, ${counts.notRun} not run`)
  if (counts.broken > 0) process.exitCode = 1
}

async function carryOut(row: Row): Promise<Finding | NotRun> {
  try {
    return await row.run()
  } catch (error) {
    return { measured: [], broken: [error instanceof Error ? error.message : String(error)] }
  } finally {
    await cleanUp()
  }
}

function tell({ fault, promised }: Row, outcome: Finding | NotRun): void {
  print(`\n${fault}\n  promised  ${promised}`)
  if ('notRun' in outcome) {
    counts.notRun += 1
    print(`  NOT RUN   ${outcome.notRun}`)
    return
  }
  const { measured, broken, verdict } = outcome
  if (measured.length > 0) print(`  measured  ${measured.join('; ')}`)
  if (verdict !== undefined) print(`  traffic   ${describe(verdict)}`)
  for (const what of broken) print(`  BROKEN    ${what}`)
  if (broken.length === 0) counts.held += 1
  else counts.broken += 1
}

function describe({ requests, results, slowest, p50, acknowledged, lost, duplicated }: Verdict): string {
  const each = [...results].toSorted(([a], [b]) => a.localeCompare(b)).map(([result, count]) => `${count} × ${result}`)
  return (
    `${requests} requests: ${each.join(', ')}; median ${p50.toFixed(0)} ms, slowest ${slowest.toFixed(0)} ms; ` +
    `${acknowledged} notes, ${lost} lost, ${duplicated} twice`
  )
}
