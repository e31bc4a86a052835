import { delimiter, join } from 'node:path'
import { type CommandResult, runCommand } from './command.ts'
import { copyProject, removeCopy } from './copy.ts'
import { type Gate, isOf, type TestGate } from './gates.ts'
import { judge, type Verdict } from './judge.ts'
import type { Lie } from './lie.ts'
import type { Project } from './project.ts'
import { openTests, type Tests } from './tests.ts'
import { Tree } from './tree.ts'

/** Far longer than any gate takes, so that only one that hangs is ended. */
const GATE_TIMEOUT_MS = 240_000

/** A copy of the project with all that its gates need. It holds one lie at a time, except to compile. */
export interface Slot {
  readonly judgeUnchanged: (gate: Gate) => Promise<Verdict>
  readonly judgeLie: (gate: Gate, lie: Lie) => Promise<Verdict>
  readonly compile: (lies: readonly Lie[]) => Promise<Compiled>
  readonly close: () => Promise<void>
}

interface Compiled {
  /** Planted at once. */
  readonly planted: readonly Lie[]
  /** Their places are gone, or lie in those of the planted ones. */
  readonly left: readonly Lie[]
  /** Why the tree does not compile, if it does not. */
  readonly reason: string | undefined
}

export async function openSlot(project: Project, signal: AbortSignal): Promise<Slot> {
  const timeoutMs = project.gateTimeoutMs ?? GATE_TIMEOUT_MS
  const directory = copyProject(project.root, project.scratch)
  const database = await project.openDatabase?.()
  const path = [join(directory, 'node_modules', '.bin'), process.env['PATH']].join(delimiter)
  const env = { ...process.env, ...database?.env, PATH: path, NO_COLOR: '1' }
  const run: Run = (argv) => runCommand(argv, { cwd: directory, env, timeoutMs, signal })
  const tests = openTests({ cwd: directory, env, config: project.vitestConfig, timeoutMs, signal }, project.isSetup)
  const tree = new Tree(directory)

  const runTests: Tests['run'] = async (...which) => {
    const verdict = await tests.run(...which)
    await database?.tidy()
    return verdict
  }
  const judgeUnchanged = async (gate: Gate): Promise<Verdict> =>
    gate.failsBy === 'tests'
      ? await runTests(gate, { files: gate.files })
      : judge(gate, await run(gate.command), undefined)

  const judgeByTests = async (gate: TestGate, lie: Lie): Promise<Verdict> => {
    const { files, commands } = project.derived(lie.file)
    const runs = await runsOf(gate, lie, async (one) => await runTests(gate, one))
    const restored = await tests.planting([lie.file, ...files])
    try {
      tree.plant([lie], files)
      const reason = await failure(run, commands)
      if (reason !== undefined) return { state: 'broken', reason }
      let verdict: Verdict = { state: 'broken', reason: 'no test was run' }
      for (const one of runs) {
        verdict = await runTests(gate, one)
        if (verdict.state === 'red') break
      }
      return verdict
    } finally {
      tree.restore()
      await restored()
    }
  }

  const judgeLie = async (gate: Gate, lie: Lie): Promise<Verdict> => {
    try {
      if (gate.failsBy === 'tests') return await judgeByTests(gate, lie)
      tree.plant([lie], [])
      return judge(gate, await run(gate.command), undefined)
    } catch (error) {
      signal.throwIfAborted()
      return { state: 'broken', reason: error instanceof Error ? error.message : String(error) }
    } finally {
      tree.restore()
    }
  }

  const close = async (): Promise<void> => {
    await tests.close()
    await database?.close()
    removeCopy(directory)
  }
  const compile: Slot['compile'] = async (lies) => await compileTogether(project, tree, run, lies)
  return { judgeUnchanged, judgeLie, compile, close }
}

type TestRun = Parameters<Tests['run']>[1]

/**
 * What to run with the lie in the tree until it is caught. The suspect is run alone only if it passes alone without the
 * lie, just before: a test that needs others of its file would fail whatever the lie.
 */
async function runsOf(
  gate: TestGate,
  { suspect }: Lie,
  runTests: (run: TestRun) => Promise<Verdict>,
): Promise<readonly TestRun[]> {
  const whole = { files: gate.files }
  if (suspect === undefined || gate.isWhole === true || !isOf(gate, suspect.file)) return [whole]
  const file = { files: [suspect.file] }
  const alone = { ...file, test: suspect.test }
  const { state } = await runTests(alone)
  return state === 'green' ? [alone, file, whole] : [file, whole]
}

type Run = (argv: readonly string[]) => Promise<CommandResult>

async function compileTogether(project: Project, tree: Tree, run: Run, lies: readonly Lie[]): Promise<Compiled> {
  const derived = [...new Set(lies.map(({ file }) => file))].map(project.derived)
  try {
    const left = tree.plant(
      lies,
      derived.flatMap(({ files }) => files),
      true,
    )
    const planted = lies.filter((lie) => !left.includes(lie))
    const commands = [...derived.flatMap((one) => one.commands), ...project.compile(planted.map(({ file }) => file))]
    return { planted, left, reason: planted.length === 0 ? undefined : await failure(run, commands) }
  } finally {
    tree.restore()
  }
}

/** Why one of the commands fails, if one does. */
async function failure(run: Run, commands: readonly (readonly string[])[]): Promise<string | undefined> {
  for (const command of commands) {
    const { code, output } = await run(command)
    if (code !== 0) return `${command.slice(0, 2).join(' ')}: ${output.trim().split('\n')[0] ?? ''}`
  }
  return undefined
}
