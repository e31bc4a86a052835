import type { Operation } from '../../../src/contract/document/operations.ts'
import { endBlocks } from '../../support/login-blocks.ts'
import { allRows } from '../harness/database-rows.ts'
import { isSuccess } from '../operations.ts'
import { namedPlaces } from './cases.ts'
import { differences, idsIn, isSame, textOf } from './compare.ts'
import { sendTrial } from './exchange.ts'
import { asUnknown, hasTwin, type Trial } from './trials.ts'
import type { World, Worlds } from './worlds.ts'

/** Sends each trial as the stranger in both worlds, then the same about unknown things. Says where answers differ. */
export async function answerFaults(
  { peopled, empty, known }: Worlds,
  operation: Operation,
  trials: readonly Trial[],
): Promise<string[]> {
  const faults: string[] = []
  const send = async (world: World, trial: Trial, side: 'foreign' | 'unknown'): Promise<string> =>
    textOf(await sendTrial(operation, world, world.stranger, trial, side))
  for (const trial of trials) {
    await endBlocksFor(operation, [peopled, empty])
    const [here, there] = await Promise.all([send(peopled, trial, 'foreign'), send(empty, trial, 'foreign')])
    if (!isSame(here, there, known)) faults.push(`${trial.title}: with the victim\n${here}\nwithout\n${there}`)
    if (!hasTwin(trial) || trial.method === 'HEAD') continue
    await endBlocksFor(operation, [peopled, empty])
    // What may have an effect is done in both worlds, so that they stay alike.
    const [unknown] = await Promise.all([
      send(peopled, trial, 'unknown'),
      trial.isOwn ? send(empty, trial, 'unknown') : '',
    ])
    if (!isSame(asUnknown(here, trial), unknown, known))
      faults.push(`${trial.title}: foreign\n${here}\nunknown\n${unknown}`)
  }
  return faults
}

/** Rows of the victim that are not what they were, and others that only one of the worlds has. */
export async function rowFaults(
  { peopled, empty, belongings, victimRows, known }: Worlds,
  { operationId }: Operation,
): Promise<string[]> {
  const rows = await allRows(peopled.server.db)
  const victims = new Set(victimRows)
  const told = namedPlaces(operationId).flatMap(({ naming }) => naming.leaves?.[0] ?? [])
  const isTold = (row: string): boolean =>
    told.some((table) => row.startsWith(`${table} `)) && row.includes(belongings.userId)
  const others = rows.filter((row) => !victims.has(row) && !isTold(row))
  return [...lostRows(rows, victimRows), ...differences(others, await allRows(empty.server.db), known)]
}

function lostRows(rows: readonly string[], victimRows: readonly string[]): string[] {
  const left = new Set(rows)
  return victimRows.filter((row) => !left.has(row)).map((row) => `the victim had ${row.slice(0, 300)}`)
}

/** What a stranger is told openly: it is refused, without a word about the victim, and changes nothing of hers. */
export async function toldFaults(
  { peopled, victimRows }: Worlds,
  operation: Operation,
  trials: readonly Trial[],
): Promise<string[]> {
  const faults: string[] = []
  for (const trial of trials) {
    await endBlocksFor(operation, [peopled])
    const answer = await sendTrial(operation, peopled, peopled.stranger, trial, 'foreign')
    const isSilent = !victimRows.some((row) => idsIn(row).some((id) => answer.text.includes(id)))
    if (isSuccess(answer) || !isSilent) faults.push(`${trial.title}: told\n${textOf(answer)}`)
  }
  return [...faults, ...lostRows(await allRows(peopled.server.db), victimRows)]
}

/**
 * For an operation that checks passwords: a block after failed logins lasts a second, and may end before a request in
 * one world and after it in the other.
 */
export async function endBlocksFor({ responses }: Operation, worlds: readonly World[]): Promise<void> {
  if (responses.has(429)) await Promise.all(worlds.map(({ server }) => endBlocks(server.db)))
}
