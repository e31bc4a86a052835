import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Runs Python programs, each in a process of its own that has only `requests` loaded: loading it takes most of the time. */
export interface PythonRunner {
  /** Resolves with what the program wrote to its standard error. */
  readonly run: (program: { readonly source: string; readonly TOKEN: string }) => Promise<string>
  readonly stop: () => void
}

const FORK_FOR_EACH_LINE = `
import json, os, sys, traceback, requests
for line in sys.stdin:
    program = json.loads(line)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(write, 2)
        os.environ['TOKEN'] = program['TOKEN']
        try:
            exec(compile(program['source'], 'sample.py', 'exec'), {'__name__': '__main__'})
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        print(json.dumps(told.read()), flush=True)
    os.waitpid(child, 0)
`

export function startPython(): PythonRunner {
  const child = spawn('python3', ['-c', FORK_FOR_EACH_LINE], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    run: async (program) => {
      child.stdin.write(`${JSON.stringify(program)}\n`)
      const { value, done } = await answers.next()
      if (done === true) throw new Error('Python ended')
      return String(JSON.parse(value))
    },
    stop: () => void child.kill(),
  }
}
