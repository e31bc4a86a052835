/** Tells an operator how far a backup or a restore is. */
export interface Progress {
  readonly say: (line: string) => void
  /** Some bytes of a part were done; `doing` is a participle. */
  readonly step: (doing: string, part: string, bytes: number) => void
}

const EVERY_MS = 1_000

export const SILENT: Progress = { say: () => undefined, step: () => undefined }

/** At most a line a second, so that it can be read in a log too. */
export function createProgress(say: (line: string) => void): Progress {
  let done = 0
  let current = ''
  let last = performance.now()
  return {
    say,
    step: (doing, part, bytes) => {
      if (doing !== current) [current, done] = [doing, 0]
      done += bytes
      if (performance.now() - last < EVERY_MS) return
      last = performance.now()
      say(`${doing} ${megabytes(done)}, now at ${part}`)
    },
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
