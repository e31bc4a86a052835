/** The last error that a PostgreSQL program printed. The lines after it are only about cleaning up, and hints. */
export function errorIn(output: string): string | undefined {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const line = lines.findLast((text) => /(PANIC|FATAL|ERROR|error): /.test(text)) ?? lines.at(-1)
  return line?.replace(/^.*?(PANIC|FATAL|ERROR|error): +/, '').trim()
}

const MAX_LINES = 3
/** Of LOG, only how a process ended. The settings keep statements and values out of all of these lines. */
const MATTERS = /(?:PANIC|FATAL): +(.+)|LOG: +(.+ (?:was terminated by signal|exited with exit code) .+)/
/** What PostgreSQL tells its clients. */
const IS_FOR_CLIENTS =
  /^(the database system is|database ".+" does not exist|terminating connection|connection to client lost)/

/** The last lines of PostgreSQL's own log that say why it ended, as one line. */
export function causeIn(output: string): string | undefined {
  const causes = new Set<string>()
  for (const line of output.split('\n')) {
    const [, error, ended] = MATTERS.exec(line) ?? []
    const cause = (error ?? ended ?? '').trim()
    if (cause === '' || IS_FOR_CLIENTS.test(cause)) continue
    // A repeated line is kept where it came last.
    causes.delete(cause)
    causes.add(cause)
  }
  // Before it has a log, PostgreSQL prints plain text. The lines of a log begin with a time, and further ones with a tab.
  const plain = output.split('\n').filter((line) => /^[^\s\d]/.test(line))
  const lines = causes.size > 0 ? [...causes] : plain
  return lines.length === 0 ? undefined : lines.slice(-MAX_LINES).join('; ')
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** ENOENT for a binary that exists means that its loader is missing: the packages are built for glibc. */
export function spawnReason(error: Error): string {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return `${error.message} (the binaries need glibc, which is missing)`
  if (code === 'EPERM') return `${error.message} (root may not switch to an unprivileged account here)`
  return error.message
}
