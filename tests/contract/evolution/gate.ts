/**
 * Refuses a contract that would break clients unnoticed: `npm run lint:evolution`. Prints every change since each
 * release with its impact, and what must be done before it may stay.
 */
import { readFileSync } from 'node:fs'
import { loadDocument } from '../../../src/contract/document/document.ts'
import { judgeHistory } from './judge.ts'
import { isInstalled, OASDIFF, oasdiffReport, whyNotRun } from './oasdiff/oasdiff.ts'
import { createOasdiffOpinion, readPolicy } from './oasdiff/opinion.ts'
import { listedChanges, releasedContracts } from './released.ts'
import { redoclyOpinion } from './second-opinion.ts'
import { standingViolations } from './standing.ts'

const today = loadDocument()
const standing = standingViolations(today)
for (const violation of standing) print(`✖ ${violation}`)
// An invalid document cannot be compared, because the server refuses to read it.
if (standing.length > 0) process.exit(1)

const contracts = [...releasedContracts(), today]
const changelog = readFileSync(new URL('../../../CHANGELOG.md', import.meta.url), 'utf8')
const policy = readPolicy()
const oasdiff = createOasdiffOpinion(policy, (before, after) => oasdiffReport(before, after, policy.raised))
const secondOpinions = [redoclyOpinion, ...(isInstalled() ? [oasdiff.judge] : [])]
const verdicts = judgeHistory(contracts, { listed: listedChanges(), changelog, secondOpinions })

for (const [index, { from, to, changes, violations }] of verdicts.entries()) {
  const isLast = index === verdicts.length - 1
  if (from === undefined) {
    print(`${to}, the first release: ${changes.length} operations`)
  } else {
    print(`${from} to ${to}${isLast ? ' (openapi.yaml)' : ''}: ${changes.length === 0 ? 'nothing changed' : ''}`)
    for (const { impact, id, text, operations } of changes) {
      print(
        `  ${impact.padEnd(8)} ${id}\n           ${text}${operations.length > 0 ? ` (${shortened(operations)})` : ''}`,
      )
    }
  }
  for (const violation of violations) print(`  ✖ ${violation}`)
}
const stale = isInstalled() ? oasdiff.unheard() : []
for (const { change, version } of stale)
  print(`✖ "${change}" is no false alarm of oasdiff for ${version} any more: remove it from policy.yaml.`)
print(isInstalled() ? `oasdiff ${OASDIFF.version}: run` : whyNotRun())
if (stale.length > 0 || verdicts.some(({ violations }) => violations.length > 0)) process.exitCode = 1

function shortened(names: readonly string[]): string {
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
