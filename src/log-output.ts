import { constants, fstatSync, openSync, writeSync } from 'node:fs'

/** Bytes kept for a reader that stands still; beyond that, lines are dropped. */
const MAX_PENDING = 1024 * 1024
const RETRY_MS = 20
/** How long an ending process waits for a reader that is behind. */
const LAST_CHANCE_MS = 500

/**
 * Standard output for a log. While there is room, a line is written at once, so a crash loses none. When its reader
 * stands still or the disk is full, no request waits: lines are kept up to a bound, then dropped, and a line in their
 * place says how many. The order stays.
 */
export class LogOutput {
  readonly #descriptor = withoutBlocking()
  readonly #format: (line: string) => string
  readonly #pending: Buffer[] = []
  #bytes = 0
  #dropped = 0
  #retry: NodeJS.Timeout | undefined

  constructor(format: (line: string) => string) {
    this.#format = format
    process.once('exit', () => this.#finish())
  }

  /** Takes a line of JSON with its line end. */
  write(line: string): void {
    if (this.#dropped > 0 || (this.#bytes > 0 && this.#bytes + line.length > MAX_PENDING)) this.#dropped += 1
    else {
      this.#keep(line)
      if (this.#retry === undefined) this.#flush()
    }
  }

  #keep(line: string): void {
    const bytes = Buffer.from(this.#format(line))
    this.#pending.push(bytes)
    this.#bytes += bytes.length
  }

  #flush(): void {
    this.#retry = undefined
    if (this.#writePending() !== undefined) this.#retry = setTimeout(() => this.#flush(), RETRY_MS).unref()
  }

  /** Writes what it can. Returns the code of the error that stopped it. */
  #writePending(): string | undefined {
    for (;;) {
      const [first] = this.#pending
      if (first === undefined) {
        if (this.#dropped === 0) return undefined
        this.#keep(noticeOf(this.#dropped))
        this.#dropped = 0
        continue
      }
      try {
        const written = writeSync(this.#descriptor, first)
        this.#bytes -= written
        if (written === first.length) this.#pending.shift()
        else this.#pending[0] = first.subarray(written)
      } catch (error) {
        return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      }
    }
  }

  #finish(): void {
    const deadline = performance.now() + LAST_CHANCE_MS
    const sleeper = new Int32Array(new SharedArrayBuffer(4))
    while (this.#writePending() === 'EAGAIN' && performance.now() < deadline) Atomics.wait(sleeper, 0, 0, RETRY_MS)
  }
}

function noticeOf(dropped: number): string {
  const lines = dropped === 1 ? '1 log line was' : `${dropped} log lines were`
  const msg = `${lines} dropped here, because the log could not be written in time`
  return `${JSON.stringify({ level: 40, time: Date.now(), dropped, msg })}\n`
}

/** A descriptor of standard output that reports a full pipe, socket or terminal instead of waiting for its reader. */
function withoutBlocking(): number {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants
  if (fstatSync(1).isFile()) return 1
  try {
    // Opened anew, because the flag would hold for every process that shares the old one.
    return openSync('/proc/self/fd/1', O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch {
    // A socket, such as systemd's, or no /proc. Node sets the flag when it makes its stream.
    void process.stdout
    return 1
  }
}
