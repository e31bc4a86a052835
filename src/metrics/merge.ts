import { AggregatorRegistry } from 'prom-client'
import type { ExportedMetrics } from './metrics.ts'

/** Makes one text of the metrics of several processes, each value merged as its metric says. */
export function mergeMetrics(exported: readonly ExportedMetrics[]): Promise<string> {
  return AggregatorRegistry.aggregate([...exported]).metrics()
}

/** The totals of workers that have ended. Without them, sums would fall when a worker is replaced. */
export interface EndedTotals {
  readonly add: (exported: ExportedMetrics) => void
  readonly read: () => Promise<ExportedMetrics>
}

export function createEndedTotals(): EndedTotals {
  let totals: Promise<ExportedMetrics> = Promise.resolve([])
  return {
    add: (exported) => {
      const counted = exported.filter(({ type, aggregator }) => isTotal(String(type)) && aggregator === 'sum')
      totals = totals.then((before) => AggregatorRegistry.aggregate([before, counted]).getMetricsAsJSON())
    },
    read: () => totals,
  }
}

/** At run time the type is a text, whatever the declarations of prom-client say. */
function isTotal(type: string): boolean {
  return type === 'counter' || type === 'histogram'
}
