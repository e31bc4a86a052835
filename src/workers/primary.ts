import cluster from 'node:cluster'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { loadDocument } from '../contract/document/document.ts'
import { type Ground, openGround } from '../ground.ts'
import { urlOf } from '../listener.ts'
import { openMetrics } from '../metrics/open-metrics.ts'
import { type ControlFile, createControlFile } from './control-file.ts'
import { type Crew, createCrew, reasonOf } from './crew.ts'
import { createLimitKeeper } from './limit-keeper.ts'
import { forkWorker } from './worker-process.ts'

/** A server of several processes. */
export interface RunningPrimary {
  readonly url: string
  /** Resolves when all workers serve; rejects with a StartupError if they never will. */
  readonly ready: Promise<void>
  readonly reload: () => Promise<void>
  readonly stop: () => Promise<void>
}

interface PrimaryOptions {
  readonly config: Config
  /** The settings that `config` was made from, for the workers. */
  readonly values: Readonly<Record<string, string | undefined>>
  /** The settings as they are now, to tell which have changed since. */
  readonly readValues: () => Readonly<Record<string, string | undefined>>
  readonly log: Logger
  /** Breaks off a start. */
  readonly signal: AbortSignal
}

/**
 * Starts the workers of a server. This process has what they share: the port, the embedded database, migrations,
 * backups and limits. It serves no request itself. Throws a StartupError for a reason that the operator can fix.
 */
export async function startPrimary(options: PrimaryOptions): Promise<RunningPrimary> {
  const { config, values, log, signal } = options
  const { workers: size, dataDir } = config
  if (size > availableParallelism())
    log.warn(`WORKERS ${size} is more than the ${availableParallelism()} cores of this machine`)
  await using stack = new AsyncDisposableStack()
  // Closed last.
  const database = stack.use(new AsyncDisposableStack())
  const ground = Promise.withResolvers<Ground>()
  const prepared = Promise.withResolvers<void>()
  const listening = Promise.withResolvers<AddressInfo>()
  const keeper = createLimitKeeper()
  const shared = { values, ground: ground.promise, prepared: prepared.promise, keeper }
  for (const { promise } of [ground, prepared, listening]) promise.catch(() => undefined)

  cluster.setupPrimary({ silent: false })
  const made: { crew?: Crew } = {}
  const metrics = await openMetrics(config, log, stack, async () => (await made.crew?.metrics()) ?? [])
  const onLastMetrics = metrics?.keepTotals ?? (() => undefined)
  const fork = () => forkWorker({ ...shared, onListening: listening.resolve, onLastMetrics })
  const crew = createCrew({ size, fork, log })
  made.crew = crew
  metrics?.watch({ workers: crew.size })
  stack.defer(crew.stop)
  // A port in use is reported before DATA_DIR is touched.
  const address = await Promise.race([listening.promise, crew.ready.then(() => listening.promise), aborted(signal)])
  const opened = openGround({ config, log, signal, stack: database })
  ground.resolve(opened)
  await opened.keys
  await opened.started
  const parts = stack.move()
  const control = createControlFile(dataDir, (reason) =>
    log.warn(`npm run reload will not find this server (DATA_DIR: ${reason}); use kill -HUP ${process.pid} instead`),
  )
  parts.defer(control.remove)

  const preparing = opened.prepare(() => signal.aborted).then(prepared.resolve)
  const ready = Promise.all([preparing, crew.ready]).then(() => {
    if (!signal.aborted) opened.startChores(parts, loadDocument().version)
  })
  const reload = createReload({ ...options, crew, control })
  let stopping: Promise<void> | undefined
  return {
    url: urlOf(address),
    ready,
    reload: () => ready.then(reload),
    stop: () => (stopping ??= parts.disposeAsync().catch((error) => log.error({ err: error }, 'a part did not stop'))),
  }
}

/** Makes what replaces the workers. Called meanwhile, it replaces them once more: the code may be newer by then. */
function createReload(
  options: PrimaryOptions & { readonly crew: Crew; readonly control: ControlFile },
): () => Promise<void> {
  const { config, values, readValues, log, signal, crew, control } = options
  let reloading: Promise<void> | undefined
  let isAskedAgain = false
  const once = async (): Promise<void> => {
    tellChanges(values, readValues, log)
    log.info(`replacing ${config.workers} workers`)
    try {
      const version = await crew.reload()
      log.info(`replaced all workers; they run version ${version}`)
      control.tell({ version })
    } catch (error) {
      log.error(`the reload ended, and the workers that were not replaced go on: ${reasonOf(error)}`)
      control.tell({ failure: reasonOf(error) })
    }
  }
  const reload = async (): Promise<void> => {
    do {
      isAskedAgain = false
      await once()
    } while (isAskedAgain && !signal.aborted)
    reloading = undefined
  }
  return () => {
    isAskedAgain = reloading !== undefined
    reloading ??= reload()
    return reloading
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(new Error('the server is stopping'))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

/** A reload replaces the code, not the settings: the primary has some of them, and all workers need the same. */
function tellChanges(values: PrimaryOptions['values'], readValues: PrimaryOptions['readValues'], log: Logger): void {
  try {
    const now = readValues()
    const names = [...new Set([...Object.keys(values), ...Object.keys(now)])].filter(
      (name) => values[name] !== now[name],
    )
    if (names.length > 0) log.warn(`settings have changed (${names.join(', ')}); they take effect after a restart`)
  } catch (error) {
    log.warn(`settings have changed, and are wrong: ${reasonOf(error)}; they are read at the next start`)
  }
}
