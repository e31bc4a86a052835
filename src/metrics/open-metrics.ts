import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { ExportedMetrics, Metrics } from './metrics.ts'
import { serveMetrics } from './listener.ts'

interface ServedMetrics extends Metrics {
  /** Keeps the totals of a worker that has ended. */
  readonly keepTotals: (exported: ExportedMetrics) => void
}

/** The metrics of a process that does not serve them itself; undefined without METRICS_PORT. */
export async function createOwnMetrics({ metricsPort }: Pick<Config, 'metricsPort'>): Promise<Metrics | undefined> {
  if (metricsPort === undefined) return undefined
  // Imported late, so that a server without metrics has neither the package nor the monitor of the event loop.
  const { createMetrics } = await import('./metrics.ts')
  return createMetrics()
}

/**
 * Serves the metrics of this process, together with those that `readOthers` resolves with, until the stack is closed.
 * Resolves with undefined without METRICS_PORT. Throws a StartupError if it cannot listen.
 */
export async function openMetrics(
  config: Pick<Config, 'metricsPort' | 'metricsHost' | 'metricsToken' | 'databaseUrl' | 'dataDir'>,
  log: Logger,
  stack: AsyncDisposableStack,
  readOthers: () => Promise<readonly ExportedMetrics[]> = async () => [],
): Promise<ServedMetrics | undefined> {
  const { metricsPort: port, metricsHost: host, metricsToken: token, databaseUrl, dataDir } = config
  const own = await createOwnMetrics(config)
  if (own === undefined || port === undefined) return undefined
  const { createEndedTotals, mergeMetrics } = await import('./merge.ts')
  const ended = createEndedTotals()
  const collect = async (): Promise<string> => {
    const [mine, others] = await Promise.all([own.export(), readOthers()])
    return mergeMetrics([...others, mine, await ended.read()])
  }
  const onError = (error: unknown): void => log.warn({ err: error }, 'the metrics could not be read')
  stack.use(await serveMetrics({ host, port, token, collect, onError }))
  if (databaseUrl === undefined) own.watch({ dataDir })
  log.info(`metrics are at http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`)
  return { ...own, keepTotals: ended.add }
}
