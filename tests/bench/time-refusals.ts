/**
 * Loaded into a server that is measured (`node --import`): at each SIGUSR2 it writes to the file REFUSAL_TIMES how long
 * the refusals with 503 took since the last one, from the request to the reply that the system has taken, and how long
 * the event loop was kept from them. Milliseconds.
 */
import { writeFileSync } from 'node:fs'
import { Server } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { quantile } from './figures.ts'

const path = process.env['REFUSAL_TIMES']
const loop = monitorEventLoopDelay({ resolution: 2 })
let times: number[] = []

if (path !== undefined) {
  const emit = Reflect.get(Server.prototype, 'emit')
  Server.prototype.emit = function (this: Server, name: string, ...args: unknown[]): boolean {
    if (name === 'request') watch(args[1] as Parameters<typeof watch>[0])
    return Boolean(Reflect.apply(emit, this, [name, ...args]))
  }
  loop.enable()
  process.on('SIGUSR2', () => {
    const delay = { p50: loop.percentile(50) / 1e6, p99: loop.percentile(99) / 1e6, max: loop.max / 1e6 }
    writeFileSync(path, JSON.stringify({ refusals: summaryOf(times), loop: delay }))
    times = []
    loop.reset()
  })
}

function watch(response: {
  readonly statusCode: number
  once: (name: 'finish', listener: () => void) => unknown
}): void {
  const began = performance.now()
  response.once('finish', () => {
    if (response.statusCode === 503) times.push(performance.now() - began)
  })
}

/** Below this, the request was refused at once; above it, it was begun and found the database too slow. */
const AT_ONCE_MS = 400

function summaryOf(values: readonly number[]) {
  const atOnce = values.filter((value) => value < AT_ONCE_MS)
  const max = atOnce.reduce((most, value) => Math.max(most, value), 0)
  const late = values.length - atOnce.length
  return { count: atOnce.length, p50: quantile(atOnce, 0.5), p99: quantile(atOnce, 0.99), max, late }
}
