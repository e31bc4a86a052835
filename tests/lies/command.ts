import { type ChildProcess, spawn } from 'node:child_process'

export interface CommandResult {
  /** undefined if the program was killed because it took too long. */
  readonly code: number | undefined
  /** Standard output and standard error, in order of arrival. */
  readonly output: string
  readonly seconds: number
}

export interface CommandOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs: number
  /** Kills the program at once when aborted. */
  readonly signal: AbortSignal
}

/** Runs a program until it exits. Its children are killed then, because all of them are one process group. */
export async function runCommand(
  argv: readonly string[],
  { cwd, env, timeoutMs, signal }: CommandOptions,
): Promise<CommandResult> {
  signal.throwIfAborted()
  const [program = '', ...args] = argv
  const started = performance.now()
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let isLate = false
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const end = (): void => killGroup(child)
  const timer = setTimeout(() => {
    isLate = true
    end()
  }, timeoutMs)
  signal.addEventListener('abort', end)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      // A child that still runs would keep the output open.
      child.once('exit', end)
      child.once('close', resolve)
    })
    signal.throwIfAborted()
    return { code: isLate ? undefined : (code ?? 128), output, seconds: (performance.now() - started) / 1_000 }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
    end()
  }
}

/** Kills a program that was started detached, and its children. */
export function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has exited already.
  }
}
