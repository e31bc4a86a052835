import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { definitionsOf, type Figures } from './definitions.ts'
import type { Definition } from './process-metrics.ts'

/** The metrics of one process, as a worker sends them to its primary. */
export type ExportedMetrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** A request that is over. */
export interface ServedRequest {
  /** undefined for a page, and for an address where there is nothing. */
  readonly operation: string | undefined
  /** undefined if the client left before the reply. */
  readonly status: number | undefined
  readonly seconds: number
  /** The last part of the type of the problem that was sent. */
  readonly problem: string | undefined
}

export interface Metrics {
  readonly count: (request: ServedRequest) => void
  /** May be called for each part of the process. */
  readonly watch: (figures: Figures) => void
  readonly export: () => Promise<ExportedMetrics>
}

/** Seconds. Few, because each is a line for each operation. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 2.5, 10]

/** Creates the metrics of a process. Names and units follow the conventions of Prometheus. */
export function createMetrics(): Metrics {
  const registers = [new Registry()]
  const requests = new Counter({
    name: 'notes_api_requests_total',
    help: 'Requests by operation and class of status; aborted: the client left before the reply.',
    labelNames: ['operation', 'status'],
    registers,
  })
  const durations = new Histogram({
    name: 'notes_api_request_duration_seconds',
    help: 'Time from a request to the end of its reply; event streams are left out.',
    labelNames: ['operation'],
    buckets: BUCKETS,
    registers,
  })
  const problems = new Counter({
    name: 'notes_api_problems_total',
    help: 'Problems that were sent, by type.',
    labelNames: ['type'],
    registers,
  })
  let figures: Figures = {}
  for (const definition of definitionsOf(() => figures)) register(definition, registers)
  return {
    count: ({ operation = 'none', status, seconds, problem }) => {
      requests.inc({ operation, status: status === undefined ? 'aborted' : `${Math.floor(status / 100)}xx` })
      if (operation !== STREAM) durations.observe({ operation }, seconds)
      if (problem !== undefined) problems.inc({ type: problem })
    },
    watch: (more) => {
      figures = { ...figures, ...more }
    },
    export: () => Promise.all(registers.map((registry) => registry.getMetricsAsJSON())).then((all) => all.flat()),
  }
}

/** It lasts as long as its client likes. */
const STREAM = 'streamChanges'

function register(
  { name, help, labelNames = [], aggregator = 'sum', isCounter, read }: Definition,
  registers: Registry[],
) {
  const options = { name, help, labelNames: [...labelNames], aggregator, registers }
  if (isCounter === true) {
    const counter: Counter = new Counter({
      ...options,
      collect: async () => {
        const samples = await read()
        counter.reset()
        for (const [labels, value] of samples) counter.inc(labels, value)
        if (samples.length === 0) counter.remove({})
      },
    })
    return
  }
  const gauge: Gauge = new Gauge({
    ...options,
    collect: async () => {
      const samples = await read()
      gauge.reset()
      for (const [labels, value] of samples) gauge.set(labels, value)
      if (samples.length === 0) gauge.remove({})
    },
  })
}
