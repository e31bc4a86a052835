import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { requireMigrated } from '../db/prepare.ts'
import { databaseOf, type Ground, type SecretKeys, whenReachable } from '../ground.ts'
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
}

/** Connects a worker with its primary. Resolves when the settings have arrived. */
export async function connectToPrimary(): Promise<Primary> {
  const values = Promise.withResolvers<Primary['values']>()
  const keys = Promise.withResolvers<SecretKeys>()
  const started = Promise.withResolvers<void>()
  const prepared = Promise.withResolvers<void>()
  const { promise: ending, resolve: end } = Promise.withResolvers<'stop' | 'hand-over' | 'gone'>()
  const limits = createRemoteLimits(tell)

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
  }
}

/** `sent` is called when the message is on its way, or the primary is gone. */
function tell(message: ToPrimary, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent)
  else sent()
}
