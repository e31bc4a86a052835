import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type CommandResult, killGroup } from './command.ts'

/** The tests to run, in a tree some of whose files have changed since the run before. */
export interface SessionRun {
  /** Test files whose path contains one of these texts. */
  readonly files: readonly string[]
  /** The full name of the only test to run. */
  readonly test?: string | undefined
  readonly changed: readonly string[]
}

export interface SessionReady {
  readonly setupFiles: readonly string[]
}

export interface SessionReply {
  readonly code: number
  /** The text of vitest's report, if it wrote one. */
  readonly report: string | undefined
}

interface SessionOptions {
  /** The copy of the project whose tests are run. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The configuration of vitest, if it is not at the root. */
  readonly config: string | undefined
  /** How long a run may take. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** How long it may take until vitest is ready, or has ended in good order. */
const START_MS = 120_000
const CLOSE_MS = 20_000

/** vitest in a process of its own, for many runs. After a run that did not end, it has ended itself. */
export class TestSession {
  readonly #child: ChildProcess
  readonly #signal: AbortSignal
  readonly #timeoutMs: number
  #output = ''
  /** What the global setup imported; paths from the directory of the tests. */
  readonly setupFiles = new Set<string>()

  private constructor(child: ChildProcess, timeoutMs: number, signal: AbortSignal) {
    this.#child = child
    this.#timeoutMs = timeoutMs
    this.#signal = signal
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    signal.addEventListener('abort', this.#end)
    child.once('exit', this.#end)
    // Told by the messages that do not come.
    child.on('error', () => undefined)
  }

  static async open({ cwd, env, config, timeoutMs, signal }: SessionOptions): Promise<TestSession> {
    signal.throwIfAborted()
    const program = fileURLToPath(new URL('session.ts', import.meta.url))
    const argv = [program, ...(config === undefined ? [] : [config])]
    const child = spawn('node', argv, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    const session = new TestSession(child, timeoutMs, signal)
    const ready = (await session.#message(START_MS)) as SessionReady | undefined
    if (ready === undefined) throw new Error(`vitest does not start: ${session.#output}`)
    for (const file of ready.setupFiles) session.setupFiles.add(file)
    return session
  }

  get isAlive(): boolean {
    return this.#child.connected
  }

  async run(run: SessionRun): Promise<{ result: CommandResult; report: string | undefined }> {
    const started = performance.now()
    this.#output = ''
    let isLate = false
    const late = (): void => void (isLate = true)
    const replied = this.#message(this.#timeoutMs, late)
    this.#child.send(run)
    const reply = (await replied) as SessionReply | undefined
    const code = isLate ? undefined : (reply?.code ?? 128)
    const seconds = (performance.now() - started) / 1_000
    return { result: { code, output: this.#output, seconds }, report: reply?.report }
  }

  /** Lets the global setup remove what it made. */
  async close(): Promise<void> {
    if (!this.isAlive) return
    const ended = once(this.#child, 'exit')
    const timer = setTimeout(this.#end, CLOSE_MS)
    this.#child.send('close')
    await ended
    clearTimeout(timer)
  }

  /** The next message of the process; undefined if it ends before, as it is made to after the time. */
  async #message(timeoutMs: number, onLate?: () => void): Promise<unknown> {
    const timer = setTimeout(() => {
      onLate?.()
      this.#end()
    }, timeoutMs)
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const end = (): void => resolve(undefined)
    this.#child.once('message', resolve).once('close', end).once('error', reject)
    try {
      const message = await promise
      this.#signal.throwIfAborted()
      return message
    } finally {
      clearTimeout(timer)
      this.#child.off('message', resolve).off('close', end).off('error', reject)
    }
  }

  /** All of its processes are one group. */
  readonly #end = (): void => {
    killGroup(this.#child)
    this.#signal.removeEventListener('abort', this.#end)
  }
}
