import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { requireMigrated } from '../db/prepare.ts'
import { databaseOf, type Ground, type SecretKeys, whenReachable } from '../ground.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { StartupError } from '../startup-error.ts'
import { PROTOCOL, type ToPrimary, type ToWorker } from './messages.ts'
import { createRemoteLimits, type SharedLimits } from './shared-limits.ts'

/** The primary, as a worker sees it. */
export interface Primary {
  /** The settings of the server. */
  readonly values: Readonly<Record<string, string | undefined>>
  readonly limits: SharedLimits
  readonly groundOf: (config: Config, log: Logger) => Ground
  readonly tellReady: (version: string) => void
  /** Resolves when the primary knows why this worker does not start. */
  readonly tellRefusal: (error: StartupError) => Promise<void>
  /** Resolves when this worker has to end; `gone` when the primary has ended without a word. */
  readonly ending: Promise<'stop' | 'hand-over' | 'gone'>
  /** From now on the primary may ask for these. The result tells them; call it when the worker ends. */
  readonly tellMetrics: (metrics: Metrics) => () => Promise<void>
}

/** Connects a worker with its primary. Resolves when the settings have arrived. */
export async function connectToPrimary(): Promise<Primary> {
  const values = Promise.withResolvers<Primary['values']>()
  const keys = Promise.withResolvers<SecretKeys>()
  const started = Promise.withResolvers<void>()
  const prepared = Promise.withResolvers<void>()
  const { promise: ending, resolve: end } = Promise.withResolvers<'stop' | 'hand-over' | 'gone'>()
  const limits = createRemoteLimits(tell)
  const telling: { metrics?: () => Promise<void> } = {}

  process.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'settings':
        return values.resolve(message.values)
      case 'keys':
        return keys.resolve(message.keys)
      case 'database-started':
        return started.resolve()
      case 'database-prepared':
        return prepared.resolve()
      case 'stop':
      case 'hand-over':
        return end(message.kind)
      case 'export-metrics':
        return void telling.metrics?.()
      default:
        limits.receive(message)
    }
  })
  process.once('disconnect', () => {
    limits.close()
    end('gone')
  })
  tell({ kind: 'hello', protocol: PROTOCOL })
  return {
    values: await values.promise,
    limits,
    groundOf: (config, log) => ({
      connection: databaseOf(config).connection,
      keys: keys.promise,
      started: started.promise,
      prepare: async (isStopping) => {
        await prepared.promise
        await whenReachable(log, isStopping, () => requireMigrated(databaseOf(config)))
      },
      startChores: () => undefined,
    }),
    tellReady: (version) => tell({ kind: 'ready', version }),
    tellRefusal: ({ lines }) => new Promise((resolve) => tell({ kind: 'refused', lines }, resolve)),
    ending,
    tellMetrics: (metrics) => {
      telling.metrics = async () => {
        const exported = await metrics.export()
        await new Promise<void>((resolve) => tell({ kind: 'metrics', exported }, resolve))
      }
      return telling.metrics
    },
  }
}

/** `sent` is called when the message is on its way, or the primary is gone. */
function tell(message: ToPrimary, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent)
  else sent()
}
