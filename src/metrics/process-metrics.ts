import { statfs } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Aggregator } from 'prom-client'

type Labels = Readonly<Record<string, string>>
export type Sample = readonly [labels: Labels, value: number]

export interface Definition {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
  /** How the values of several workers become one. */
  readonly aggregator?: Aggregator
  readonly isCounter?: boolean
  readonly read: () => readonly Sample[] | Promise<readonly Sample[]>
}

/** A metric without labels; undefined if there is nothing to tell. */
export const one = (value: number | undefined): Sample[] => (value === undefined ? [] : [[{}, value]])

/** Milliseconds between two looks at the event loop; each delay is counted with them. */
const RESOLUTION = 20

/** What every process has. */
export function processMetrics(): Definition[] {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION })
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1_000)
  delays.enable()
  return [
    {
      name: 'notes_api_event_loop_delay_seconds',
      help: 'How late the event loop was since the last scrape; of several workers, the latest.',
      labelNames: ['quantile'],
      aggregator: 'max',
      read: () => {
        const samples: Sample[] = [
          [{ quantile: '0.5' }, late(delays.percentile(50))],
          [{ quantile: '0.99' }, late(delays.percentile(99))],
          [{ quantile: '1' }, late(delays.max)],
        ]
        delays.reset()
        return samples
      },
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'Processor time of all processes.',
      isCounter: true,
      read: () => {
        const { user, system } = process.cpuUsage()
        return one((user + system) / 1e6)
      },
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory of all processes.',
      read: () => one(process.memoryUsage.rss()),
    },
    {
      name: 'process_start_time_seconds',
      help: 'When the first process began, since 1970.',
      aggregator: 'min',
      read: () => one(Math.round((Date.now() - performance.now()) / 1_000)),
    },
  ]
}

/** The disk of a directory, if there is one to watch. */
export function diskMetrics(directory: () => string | undefined): Definition[] {
  const read = (of: (stats: { bsize: number; bavail: number; blocks: number }) => number) => async () => {
    const dataDir = directory()
    // A disk that is gone is missing, which an alert can be made of.
    return dataDir === undefined ? [] : one(await statfs(dataDir).then(of, () => undefined))
  }
  return [
    {
      name: 'notes_api_disk_free_bytes',
      help: 'Room on the disk of DATA_DIR, with the embedded database.',
      aggregator: 'first',
      read: read(({ bsize, bavail }) => bsize * bavail),
    },
    {
      name: 'notes_api_disk_size_bytes',
      help: 'Size of the disk of DATA_DIR, with the embedded database.',
      aggregator: 'first',
      read: read(({ bsize, blocks }) => bsize * blocks),
    },
  ]
}
