/** A check that must turn red because of a lie. */
export interface Gate {
  /** Run in the copy one after the other until one fails. */
  readonly commands: readonly (readonly string[])[]
  /** The form of a failure: failed tests in vitest's report, or findings that a program prints, with exit code 1. */
  readonly failsBy: 'tests' | 'findings'
  /** The command that runs one test file of the gate; undefined for a file that is none of it. */
  readonly alone?: (file: string) => readonly string[] | undefined
}

/** The file in the copy to which vitest writes its report. */
export const VITEST_REPORT = 'node_modules/.vitest-report.json'

/** Runs the test files whose path contains one of these texts. */
function tests(...files: readonly string[]): Gate {
  const options = [
    '--bail',
    '1',
    '--maxWorkers',
    '1',
    '--no-coverage',
    '--reporter',
    'json',
    '--outputFile',
    VITEST_REPORT,
  ]
  const run = (...names: readonly string[]) => [
    'vitest',
    'run',
    '--config',
    'tests/vitest.config.ts',
    ...options,
    ...names,
  ]
  return {
    commands: [run(...files)],
    failsBy: 'tests',
    alone: (file) => (files.some((part) => file.includes(part)) ? run(file) : undefined),
  }
}

function findings(...command: readonly string[]): Gate {
  return { commands: [command], failsBy: 'findings' }
}

export const gates: Readonly<Record<string, Gate>> = {
  foreign: tests('tests/contract/foreign'),
  invariants: tests('tests/traffic/exercise/exercise', 'tests/traffic/invariants'),
  failures: tests('tests/traffic/exercise/failing-database', 'tests/traffic/invariants'),
  numbers: tests('tests/contract/numbers'),
  effects: tests('tests/contract/effects'),
  examples: tests('tests/contract/example'),
  'large-texts': tests('tests/notes/large-texts', 'tests/text', 'tests/scheduling'),
  http: tests('tests/http', 'tests/scheduling'),
  workers: tests('tests/workers', 'tests/metrics'),
  rates: tests('tests/rate-limits/local-quotas', 'tests/contract/rate-limits'),
  emails: tests('tests/email-address', 'tests/auth/accounts'),
  'weak-tags': tests('tests/notes/weak-tags'),
  changes: tests('tests/changes'),
  backup: tests('tests/backup/file', 'tests/backup/restore', 'tests/backup/automatic'),
  streams: tests('tests/changes/feed', 'tests/changes/stream', 'tests/contract/streams'),
  'contract-tests': tests(...['coverage', 'replies', 'prose', 'links'].map((name) => `tests/contract/${name}.test.ts`)),
  evolution: findings('node', 'tests/contract/evolution/gate.ts'),
  lint: findings('npm', 'run', '--silent', 'lint:contract'),
}
