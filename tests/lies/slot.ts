import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type CommandResult, runCommand } from './command.ts'
import { copyProject, removeCopy } from './copy.ts'
import { type Gate, VITEST_REPORT } from './gates.ts'
import { judge, type Verdict } from './judge.ts'
import { applyLie, type Lie } from './lie.ts'
import type { Project } from './project.ts'

/** Far longer than any gate takes, so that only one that hangs is killed. */
const GATE_TIMEOUT_MS = 240_000

/** A copy of the project with all that its gates need. It holds one lie at a time. */
export interface Slot {
  readonly judgeUnchanged: (gate: Gate) => Promise<Verdict>
  readonly judgeLie: (gate: Gate, lie: Lie) => Promise<Verdict>
  readonly close: () => Promise<void>
}

export async function openSlot(project: Project, signal: AbortSignal): Promise<Slot> {
  const directory = copyProject(project.root, project.scratch)
  const database = await project.openDatabase?.()
  const path = [join(directory, 'node_modules', '.bin'), process.env['PATH']].join(delimiter)
  const env = { ...process.env, ...database?.env, PATH: path, NO_COLOR: '1' }
  const run = (argv: readonly string[]): Promise<CommandResult> =>
    runCommand(argv, { cwd: directory, env, timeoutMs: GATE_TIMEOUT_MS, signal })

  const runGate = async (gate: Gate): Promise<Verdict> => {
    let verdict: Verdict = { state: 'broken', reason: 'the gate has no command' }
    for (const command of gate.commands) {
      const report = join(directory, VITEST_REPORT)
      rmSync(report, { force: true })
      const result = await run(command)
      verdict = judge(gate, result, existsSync(report) ? readFileSync(report, 'utf8') : undefined)
      if (verdict.state !== 'green') break
    }
    await database?.tidy()
    return verdict
  }

  const judgeLie = async (gate: Gate, lie: Lie): Promise<Verdict> => {
    const derived = project.derived(lie.file)
    const before = new Map([lie.file, ...derived.files].map((file) => [file, readFileSync(join(directory, file))]))
    try {
      writeFileSync(join(directory, lie.file), applyLie(readFileSync(join(directory, lie.file), 'utf8'), lie))
      // Programs that check the document alone need no generated types.
      for (const command of gate.failsBy === 'tests' ? derived.commands : []) {
        const { code, output } = await run(command)
        if (code !== 0)
          return { state: 'broken', reason: `${command.slice(0, 2).join(' ')}: ${output.trim().split('\n')[0] ?? ''}` }
      }
      const alone = lie.suspect === undefined ? undefined : gate.alone?.(lie.suspect)
      const verdict = alone === undefined ? undefined : await runGate({ ...gate, commands: [alone] })
      return verdict?.state === 'red' ? verdict : await runGate(gate)
    } catch (error) {
      signal.throwIfAborted()
      return { state: 'broken', reason: error instanceof Error ? error.message : String(error) }
    } finally {
      for (const [file, bytes] of before) writeFileSync(join(directory, file), bytes)
    }
  }

  const close = async (): Promise<void> => {
    await database?.close()
    removeCopy(directory)
  }
  return { judgeUnchanged: runGate, judgeLie, close }
}
