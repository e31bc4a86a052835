import { setTimeout as delay } from 'node:timers/promises'
import { spaceRemark } from './data-dir.ts'
import { launch, type Launchable } from './launch.ts'
import { reasonOf } from './messages.ts'
import type { PostgresProcess } from './process.ts'

export type Report = (event: 'down' | 'up', line: string) => void

export interface Supervisor {
  /** Stops PostgreSQL, or the waiting for its next start. */
  readonly stop: () => Promise<void>
}

const FIRST_PAUSE_MS = 500
/** Also how long it may take until PostgreSQL runs again after the cause is gone, such as a full disk. */
const LONGEST_PAUSE_MS = 10_000
/** A PostgreSQL that ran for this long has started well; one that ends earlier counts as a failed start. */
const WELL_AFTER_MS = 1_000

/** Starts PostgreSQL again whenever it ends, after a pause that doubles while it fails. It never gives up. */
export function supervise(first: PostgresProcess, launchable: Launchable, report: Report): Supervisor {
  const stopping = new AbortController()
  const { signal } = stopping
  let running: PostgresProcess | undefined = first
  let pause = FIRST_PAUSE_MS

  const nextPause = (): string => `starting it again in ${pause / 1_000} s`

  /** Resolves when PostgreSQL runs again or the server stops. */
  const restart = async (): Promise<void> => {
    while (!signal.aborted) {
      await delay(pause, undefined, { signal, ref: false }).catch(() => undefined)
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
      try {
        // Crash recovery may take long, and to break it off would only mean to begin it again.
        running = await launch(launchable, Number.POSITIVE_INFINITY, signal)
        if (signal.aborted) await running.stop()
        return
      } catch (error) {
        if (signal.aborted) return
        const reason = `${reasonOf(error)}${spaceRemark(launchable.dataDir)}`
        report('down', `the embedded PostgreSQL cannot start: ${reason}; ${nextPause()}`)
      }
    }
  }

  const watchOver = async (): Promise<void> => {
    while (running !== undefined) {
      const startedAt = performance.now()
      const reason = await running.gone
      running = undefined
      if (signal.aborted) return
      const endedAt = performance.now()
      if (endedAt - startedAt >= WELL_AFTER_MS) pause = FIRST_PAUSE_MS
      report('down', `the embedded ${reason}${spaceRemark(launchable.dataDir)}; ${nextPause()}`)
      await restart()
      if (signal.aborted) return
      const seconds = ((performance.now() - endedAt) / 1_000).toFixed(1)
      report('up', `the embedded PostgreSQL runs again, ${seconds} s after it ended`)
    }
  }

  const over = watchOver()
  return {
    stop: async () => {
      stopping.abort()
      await running?.stop()
      await over
    },
  }
}
