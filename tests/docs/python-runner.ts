import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Runs Python programs, each in a fork of a process that has loaded `requests`, which takes most of the time. */
export interface PythonRunner {
  /** Resolves with the program's standard error. */
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
    with os.fdopen(read) as written:
        print(json.dumps(written.read()), flush=True)
    os.waitpid(child, 0)
`

export function startPython(): PythonRunner {
  const child = spawn('python3', ['-c', FORK_FOR_EACH_LINE], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    run: async (program) => {
      child.stdin.write(`${JSON.stringify(program)}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error('Python ended')
      return String(JSON.parse(value))
    },
    stop: () => void child.kill(),
  }
}
