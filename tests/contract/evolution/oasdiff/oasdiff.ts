import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ContractDocument, Json } from '../../../../src/contract/document/document.ts'
import { hasGo } from '../../../support/go.ts'

/** Pinned. `install.ts` refuses a module with another checksum. */
export const OASDIFF = {
  version: '1.37.0',
  module: 'github.com/oasdiff/oasdiff',
  sum: 'h1:4/KuuhVDHF7ltTYNPRvdn9IIbcPRvGRTdJxBErbD5pQ=',
}

export const DIRECTORY = fileURLToPath(
  new URL(`../../../../node_modules/.cache/oasdiff-${OASDIFF.version}/`, import.meta.url),
)
export const BINARY = join(DIRECTORY, 'oasdiff')

export function isInstalled(): boolean {
  return existsSync(BINARY)
}

/** One line that says why oasdiff does not run here. */
export function whyNotRun(): string {
  const remedy = 'node tests/contract/evolution/oasdiff/install.ts installs it'
  return `oasdiff: not run (${hasGo() ? remedy : 'Go 1.21 or newer is not installed'})`
}

/** Everything that oasdiff reports between two contracts, with these rules raised to errors. */
export function oasdiffReport(before: ContractDocument, after: ContractDocument, raised: Iterable<string>): Json {
  const directory = mkdtempSync(join(tmpdir(), 'notes-api-oasdiff-'))
  try {
    const write = (name: string, text: string): string => {
      const file = join(directory, name)
      writeFileSync(file, text)
      return file
    }
    const files = [write('before.json', JSON.stringify(before.root)), write('after.json', JSON.stringify(after.root))]
    // oasdiff refuses an unknown rule, and accepts neither comments nor empty lines.
    const levels = write('levels.txt', [...raised].map((rule) => `${rule} err\n`).join(''))
    const options = ['--format', 'json', '--severity-levels', levels, '--allow-external-refs=false']
    // oasdiff reads settings from its directory and its environment, so both have none.
    const surroundings = { cwd: directory, env: {}, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const
    const report = execFileSync(BINARY, ['changelog', ...files, ...options], surroundings)
    return JSON.parse(report, withoutSources) as Json
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Drops the sources: they are places in the files above, which are gone by now. */
function withoutSources(key: string, value: unknown): unknown {
  return key === 'baseSource' || key === 'revisionSource' ? undefined : value
}
