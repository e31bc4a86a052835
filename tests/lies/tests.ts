import { judge, type Verdict } from './judge.ts'
import type { TestGate } from './gates.ts'
import { type SessionRun, TestSession } from './test-session.ts'

/** The tests of one copy of the project, run by a vitest that stays alive between lies. */
export interface Tests {
  /** Called before a lie is planted in these files, and told by its result once they are restored. */
  readonly planting: (files: readonly string[]) => Promise<() => Promise<void>>
  readonly run: (gate: TestGate, run: Omit<SessionRun, 'changed'>) => Promise<Verdict>
  readonly close: () => Promise<void>
}

/** `isSetup` tells which files the global setup reads; those that it imports need not be told. */
export function openTests(options: Parameters<typeof TestSession.open>[0], isSetup: (file: string) => boolean): Tests {
  let session: TestSession | undefined
  let isPlanted = false
  /** The session began with a lie, which its global setup may have read. */
  let isTainted = false
  const changed = new Set<string>()

  const close = async (): Promise<void> => {
    await session?.close()
    session = undefined
  }
  const opened = async (): Promise<TestSession> => {
    if (session?.isAlive === true) return session
    session = undefined
    isTainted = isPlanted
    session = await TestSession.open(options)
    return session
  }

  const planting = async (files: readonly string[]): Promise<() => Promise<void>> => {
    const { setupFiles } = await opened()
    if (files.some((file) => isSetup(file) || setupFiles.has(file))) await close()
    isPlanted = true
    for (const file of files) changed.add(file)
    return async () => {
      isPlanted = false
      for (const file of files) changed.add(file)
      if (isTainted) await close()
      isTainted = false
    }
  }

  const run: Tests['run'] = async (gate, which) => {
    const tests = await opened()
    const { result, report } = await tests.run({ ...which, changed: [...changed] })
    changed.clear()
    return judge(gate, result, report)
  }
  return { planting, run, close }
}
