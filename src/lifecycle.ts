import type { Logger } from 'pino'

/** By default Docker kills a container ten seconds after SIGTERM; we give up shortly before that. */
const STOP_DEADLINE_MS = 9_500
/** npm forwards a Ctrl-C that the terminal has already sent us; a second SIGINT within this time is that copy. */
const FORWARDED_SIGNAL_MS = 300

export interface Lifecycle {
  /** Aborted when the process stops. */
  readonly signal: AbortSignal
  readonly isStopping: () => boolean
  /** Ends the process with `end`, once. Without `deadlineMs`, within the time that Docker gives. */
  readonly stop: (reason: string, exitCode: number, deadlineMs?: number) => Promise<void>
}

/** How this process ends: by SIGTERM, SIGINT or an error that nobody handled. `end` finishes what is under way. */
export function createLifecycle(log: Logger, end: () => Promise<void>): Lifecycle {
  const breakOff = new AbortController()
  let stopping = 0

  const stop = async (reason: string, exitCode: number, deadlineMs = STOP_DEADLINE_MS): Promise<void> => {
    if (stopping > 0) {
      if (exitCode === 0 && performance.now() - stopping > FORWARDED_SIGNAL_MS) process.exit(1)
      return
    }
    stopping = performance.now()
    setTimeout(() => process.exit(1), deadlineMs).unref()
    log.info(`${reason}; finishing open requests`)
    breakOff.abort()
    await end()
    log.info('stopped')
    process.exit(exitCode)
  }
  process.on('SIGTERM', () => void stop('received SIGTERM', 0))
  process.on('SIGINT', () => void stop('received SIGINT', 0))
  const crash = (error: unknown): void => {
    log.fatal({ err: error }, 'unhandled error')
    void stop('stopping after an unhandled error', 1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
  return { signal: breakOff.signal, isStopping: () => stopping > 0, stop }
}
