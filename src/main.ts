import cluster from 'node:cluster'
import { closeSync, openSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadConfig } from './config/config.ts'
import { loadDocument } from './contract/document/document.ts'
import { readEnvironment } from './config/environment.ts'
import { createLifecycle } from './lifecycle.ts'
import { createLog } from './log.ts'
import { HAND_OVER_TIMEOUT, listen } from './listener.ts'
import { helpText } from './config/help.ts'
import type { RunningApplication, RunningServer } from './start.ts'
import { StartupError } from './startup-error.ts'
import { createOwnMetrics } from './metrics/open-metrics.ts'
import type { Primary } from './workers/in-worker.ts'

/** The process: arguments, settings, signals and exit codes. */
async function main(): Promise<void> {
  if (cluster.isWorker) {
    const { connectToPrimary } = await import('./workers/in-worker.ts')
    return runWorker(await connectToPrimary())
  }
  const { values } = readArguments()
  if (values.help === true) return void process.stdout.write(helpText(loadDocument().version))
  if (values.version === true) return void process.stdout.write(`${loadDocument().version}\n`)
  requireWorkingDirectory()
  await runServer()
}

/** Runs a server in this process, or with several workers. */
async function runServer(): Promise<void> {
  const environment = readEnvironment()
  const config = loadConfig(environment.values)
  const log = createLog({ level: config.logLevel, format: config.logFormat })
  for (const remark of environment.remarks) log.warn(remark)
  cacheCompiledCode()
  let starting: Promise<RunningServer> | undefined
  const { signal, isStopping, stop } = createLifecycle(log, async () => (await settled(starting))?.stop())
  const reload = async (): Promise<void> => {
    const server = await settled(starting)
    if (server?.reload === undefined) log.warn('received SIGHUP: only a server with WORKERS=2 or more can be reloaded')
    else await server.reload()
  }
  onHangUp(
    () => void stop('the terminal was closed', 0),
    () => void reload(),
  )

  // Imported late, because these load everything: `--help`, a wrong setting and a port in use are reported at once.
  if (config.workers === 1) {
    const listener = await listen(config, log)
    const { startAlone } = await import('./start.ts')
    starting = startAlone(config, listener, log, signal)
  } else {
    const { startPrimary } = await import('./workers/primary.ts')
    starting = startPrimary({ config, values: environment.values, readValues, log, signal })
  }
  try {
    const { url } = await untilReady(starting)
    const workers = config.workers === 1 ? '' : ` with ${config.workers} workers`
    if (!isStopping()) log.info(`notes-api is ready at ${url}${workers}; documentation at ${url}/docs`)
  } catch (error) {
    // A start that was broken off is no fault. `stop` ends the process.
    if (!isStopping()) throw error
  }
}

/** Runs one of the workers of a server. */
async function runWorker(primary: Primary): Promise<void> {
  const config = loadConfig(primary.values)
  const log = createLog({ level: config.logLevel, format: config.logFormat, worker: cluster.worker?.id })
  cacheCompiledCode()
  let starting: Promise<RunningApplication> | undefined
  let isHandingOver = false
  let tellLastMetrics: (() => Promise<void>) | undefined
  const { isStopping, stop } = createLifecycle(log, async () => {
    const server = await settled(starting)
    await (isHandingOver ? server?.handOver() : server?.stop())
    await tellLastMetrics?.()
  })
  process.on('SIGHUP', () => undefined)
  void primary.ending.then((how) => {
    isHandingOver = how === 'hand-over'
    if (how === 'gone') return stop('the primary process is gone', 1)
    return isHandingOver ? stop('another worker takes over', 0, HAND_OVER_TIMEOUT + 5_000) : stop('the server stops', 0)
  })
  try {
    const listener = await listen(config, log)
    const { start } = await import('./start.ts')
    const [document, stack] = [loadDocument(), new AsyncDisposableStack()]
    const ground = primary.groundOf(config, log)
    const metrics = await createOwnMetrics(config)
    if (metrics !== undefined) tellLastMetrics = primary.tellMetrics(metrics)
    starting = start({ config, document, listener, log, ground, stack, shared: primary.limits, metrics })
    await untilReady(starting)
    primary.tellReady(document.version)
  } catch (error) {
    if (isStopping()) return
    if (!(error instanceof StartupError)) throw error
    await primary.tellRefusal(error)
    process.exit(1)
  }
}

function readValues() {
  return readEnvironment().values
}

async function untilReady<T extends RunningServer>(starting: Promise<T>): Promise<T> {
  const server = await starting
  try {
    await server.ready
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** undefined for a server that does not start. */
async function settled<T>(starting: Promise<T> | undefined): Promise<T | undefined> {
  return starting?.catch(() => undefined)
}

/** SIGHUP is also what a terminal sends to its processes when it is closed. */
function onHangUp(closed: () => void, asked: () => void): void {
  const hadTerminal = process.stdin.isTTY
  process.on('SIGHUP', () => (hadTerminal && !hasTerminal() ? closed() : asked()))
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

/** The cache is beside the packages. It shortens later starts by a third, and is skipped if we may not write there. */
function cacheCompiledCode(): void {
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)))
}

/** Packages fail with a stack trace without one. */
function requireWorkingDirectory(): void {
  try {
    process.cwd()
  } catch {
    throw new StartupError(
      'DATA_DIR and .env are looked up in the working directory, which was deleted: start the server in another one',
    )
  }
}

function readArguments() {
  try {
    return parseArgs({ options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } })
  } catch (error) {
    throw new StartupError(`${error instanceof Error ? error.message : String(error)} (try --help)`)
  }
}

try {
  await main()
} catch (error) {
  const lines =
    error instanceof StartupError
      ? error.lines
      : [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  for (const line of lines) process.stderr.write(`notes-api: ${line}\n`)
  process.exit(1)
}
