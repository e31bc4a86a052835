import { isAbsolute, resolve } from 'node:path'
import { explainFailure, Refusal, UsageError } from '../command-errors.ts'
import { createProgress, type Progress } from './progress.ts'

interface Command {
  readonly name: 'backup' | 'restore'
  readonly help: string
  readonly run: (context: Context) => Promise<void>
}

interface Context {
  readonly progress: Progress
  /** From here on SIGINT and SIGTERM abort this signal; before, they end the process. */
  readonly breakable: () => AbortSignal
}

/** Runs a command of the operator. Exit 0: done; 1: not done, with the reason; 2: wrong usage or settings. */
export async function runCommand({ name, help, run }: Command): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`notes-api ${name}: ${line}\n`)
  const breakOff = new AbortController()
  const end = (): void => breakOff.abort(new Refusal('broken off; nothing was changed'))
  const breakable = (): AbortSignal => {
    process.on('SIGINT', end)
    process.on('SIGTERM', end)
    return breakOff.signal
  }
  try {
    if (process.argv.slice(2).some((text) => ['--help', '-h'].includes(text))) process.stdout.write(help)
    else await run({ progress: createProgress(say), breakable })
    return 0
  } catch (error) {
    const [code, lines] = explainFailure(breakOff.signal.aborted ? breakOff.signal.reason : error, { name })
    for (const line of lines) say(line)
    return code
  } finally {
    process.off('SIGINT', end)
    process.off('SIGTERM', end)
  }
}

/** npm runs a script in the folder of the project; the operator means the one that the command was typed in. */
export function fileArgument(positionals: readonly string[]): string {
  const [file, ...others] = positionals
  if (file === undefined || file === '' || others.length > 0) throw new UsageError('give the path of one FILE')
  return isAbsolute(file) ? file : resolve(process.env['INIT_CWD'] ?? '.', file)
}
