/** A check that must turn red because of a lie. */
export type Gate = TestGate | FindingsGate

export interface TestGate {
  /** Red by a failed assertion in vitest's report. */
  readonly failsBy: 'tests'
  /** Test files whose path contains one of these texts. */
  readonly files: readonly string[]
  /** A test file checks what the others did, so none of them is run alone. */
  readonly isWhole?: true
}

interface FindingsGate {
  /** Red by findings that a program prints, with exit code 1. */
  readonly failsBy: 'findings'
  /** Run in the copy. */
  readonly command: readonly string[]
}

/** Whether a test file is one of the gate. */
export function isOf({ files }: TestGate, file: string): boolean {
  return files.some((part) => file.includes(part))
}

function tests(...files: readonly string[]): TestGate {
  return { failsBy: 'tests', files }
}

function wholeTests(...files: readonly string[]): TestGate {
  return { ...tests(...files), isWhole: true }
}

function findings(...command: readonly string[]): FindingsGate {
  return { failsBy: 'findings', command }
}

export const gates: Readonly<Record<string, Gate>> = {
  foreign: tests('tests/contract/foreign'),
  invariants: wholeTests('tests/traffic/exercise/exercise', 'tests/traffic/invariants'),
  failures: wholeTests('tests/traffic/exercise/failing-database', 'tests/traffic/invariants'),
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
