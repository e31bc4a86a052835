import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type ContractDocument,
  isObject,
  type Json,
  list,
  object,
  string,
} from '../../../src/contract/document/document.ts'
import { type Operation, readOperations } from '../../../src/contract/document/operations.ts'
import { type Change, mustBeListed } from './changes.ts'

const REDOCLY = fileURLToPath(new URL('../../../node_modules/@redocly/cli/bin/cli.js', import.meta.url))

/**
 * Breaks that `redocly diff` reports and our own comparison does not. Theirs is experimental and misses some changes
 * (docs/decisions/0006), and ours may have bugs, so a break has to get past both. If ours found the change at the same
 * place and rated it lower, as for a list that may grow, ours counts.
 */
export function redoclyOpinion(
  before: ContractDocument,
  after: ContractDocument,
  changes: readonly Change[],
): Change[] {
  const breaks = list(redoclyDiff(before, after)['changes'])
    .map((change) => object(change))
    .filter(isMajor)
  const operations = readOperations(before.root)
  return breaks
    .filter((found) => !changes.some((change) => covers(change, found, operations)))
    .map((found) => {
      const [verdict] = list(found['verdicts']).map((entry) => object(entry))
      const place = string(found['path']).slice(1).replaceAll('~1', '/')
      const id = `redocly/${string(verdict?.['ruleId'])} ${place}`
      return { impact: 'major', id, text: string(verdict?.['message']), operations: [], names: [] }
    })
}

function redoclyDiff(before: ContractDocument, after: ContractDocument): Record<string, Json> {
  const directory = mkdtempSync(join(tmpdir(), 'notes-api-diff-'))
  try {
    const write = (name: string, text: string): string => {
      const file = join(directory, name)
      writeFileSync(file, text)
      return file
    }
    // Without this ruleset it finds nothing and passes everything.
    const config = write('redocly.yaml', 'extends: [diff-recommended]\n')
    const files = [write('before.json', JSON.stringify(before.root)), write('after.json', JSON.stringify(after.root))]
    const options = ['--config', config, '--format', 'json', '--fail-on', 'none']
    const report = execFileSync(process.execPath, [REDOCLY, 'diff', ...files, ...options], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return JSON.parse(report) as Record<string, Json>
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function isMajor(change: Record<string, Json>): boolean {
  return change['impact'] === 'major'
}

/** A change of ours at the same place, or a breaking one in the same one of the operations before. */
function covers(change: Change, found: Record<string, Json>, before: readonly Operation[]): boolean {
  const at = [found['base'], found['revision']].map((side) =>
    isObject(side) ? string(side['pointer']).slice(1) : undefined,
  )
  const [, place = ''] = change.id.split(' ')
  if (place.startsWith('/') && at.some((pointer) => pointer === place || pointer?.startsWith(`${place}/`) === true))
    return true
  const path = string(found['path'])
  const touched = before.filter((operation) => {
    const address = `#/paths/${operation.path.replaceAll('~', '~0').replaceAll('/', '~1')}`
    return path === address || path.startsWith(`${address}/${operation.method}`)
  })
  return mustBeListed(change) && touched.some(({ operationId }) => change.operations.includes(operationId))
}
