import cluster, { type Worker } from 'node:cluster'
import type { AddressInfo } from 'node:net'
import type { Ground } from '../ground.ts'
import { StartupError } from '../startup-error.ts'
import type { ExportedMetrics } from '../metrics/metrics.ts'
import type { LimitKeeper } from './limit-keeper.ts'
import { PROTOCOL, type ToPrimary, type ToWorker } from './messages.ts'

/** A worker, as the primary sees it. */
export interface WorkerProcess {
  readonly id: number
  /** Resolves with its version when it serves requests. Rejects if it never will; a StartupError says why. */
  readonly ready: Promise<string>
  /** Resolves with how it ended, such as "exit code 1". */
  readonly ended: Promise<string>
  /** Finishes its requests and ends. `hand-over`: the others serve the port, so it takes its time. */
  readonly stop: (how: 'stop' | 'hand-over') => void
  /** Its metrics; those that it told before if it does not answer in time. */
  readonly metrics: () => Promise<ExportedMetrics>
  readonly kill: () => void
}

interface ForkOptions {
  /** The settings of the primary, which are those of the whole server. */
  readonly values: Readonly<Record<string, string | undefined>>
  /** Opened when the first worker listens. */
  readonly ground: Promise<Ground>
  /** Resolves when the database is prepared. */
  readonly prepared: Promise<void>
  readonly keeper: LimitKeeper
  readonly onListening: (address: AddressInfo) => void
  /** Called with what the worker told last when it ends. */
  readonly onLastMetrics: (exported: ExportedMetrics) => void
}

export function forkWorker(options: ForkOptions): WorkerProcess {
  const { values, ground, prepared, keeper, onListening, onLastMetrics } = options
  const worker = cluster.fork()
  closeUntaken(worker)
  const ready = Promise.withResolvers<string>()
  // Awaited by the crew, perhaps later.
  ready.promise.catch(noop)
  const send = (message: ToWorker): void => {
    // An error means that the worker is gone, which `exit` tells.
    if (worker.isConnected()) worker.send(message, noop)
  }
  const limits = keeper.serve(send)
  const begin = (): void => {
    send({ kind: 'settings', values })
    // Failures end the start of the server, where they are reported.
    ground.then(({ keys }) => keys).then((keys) => send({ kind: 'keys', keys }), noop)
    ground.then(({ started }) => started).then(() => send({ kind: 'database-started' }), noop)
    prepared.then(() => send({ kind: 'database-prepared' }), noop)
  }
  const metrics = createMetricsOf(() => send({ kind: 'export-metrics' }))
  const refuse = (...lines: readonly string[]): void => ready.reject(new StartupError(...lines))

  worker.on('message', (message: ToPrimary) => {
    switch (message.kind) {
      case 'hello':
        if (message.protocol === PROTOCOL) begin()
        else refuse('this version does not understand the running primary process: restart the whole server')
        return
      case 'ready':
        return ready.resolve(message.version)
      case 'refused':
        return refuse(...message.lines)
      case 'metrics':
        return metrics.receive(message.exported)
      default:
        limits.receive(message)
    }
  })
  worker.once('listening', ({ address, port, addressType }) =>
    onListening({ address, port, family: addressType === 6 ? 'IPv6' : 'IPv4' }),
  )
  const ended = new Promise<string>((resolve) => {
    worker.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal))
  })
  void ended.then((how) => {
    limits.end()
    onLastMetrics(metrics.latest())
    ready.reject(new Error(`it ended with ${how}`))
  })
  return {
    id: worker.id,
    ready: ready.promise,
    ended,
    stop: (how) => send({ kind: how }),
    metrics: metrics.ask,
    kill: () => void worker.process.kill('SIGKILL'),
  }
}

/** Milliseconds. */
const METRICS_TIMEOUT = 1_000

/** The metrics of one worker, which `ask` makes it tell. */
function createMetricsOf(ask: () => void) {
  let latest: ExportedMetrics = []
  let waiting: PromiseWithResolvers<void> | undefined
  return {
    latest: () => latest,
    receive: (exported: ExportedMetrics) => {
      latest = exported
      waiting?.resolve()
    },
    ask: async () => {
      const asked = (waiting = Promise.withResolvers<void>())
      ask()
      const timer = setTimeout(asked.resolve, METRICS_TIMEOUT)
      await asked.promise
      clearTimeout(timer)
      return latest
    },
  }
}

/**
 * Closes the connection that was passed to a worker which ended before it took it. node:cluster forgets it, and its
 * client would wait for ever. One that was taken is closed in this process by then, so closing it again does nothing.
 */
function closeUntaken(worker: Worker): void {
  const { process } = worker
  const send: unknown = Reflect.get(process, 'send')
  if (typeof send !== 'function') return
  let last: Closable | undefined
  const observed = (...given: readonly unknown[]): unknown => {
    const [, handle] = given
    if (isClosable(handle)) last = handle
    return Reflect.apply(send, process, given)
  }
  Object.assign(process, { send: observed })
  worker.once('exit', () => last?.close())
}

interface Closable {
  readonly close: () => void
}

function isClosable(value: unknown): value is Closable {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function'
}

function noop(): void {}
