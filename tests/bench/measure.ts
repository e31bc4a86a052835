import { cpuOf, cpuOfFamily } from './cpu.ts'
import { quantile } from './figures.ts'
import { type Load, runLoad } from './load.ts'
import type { Client, Operation } from './operations.ts'

/** One server in the bench. */
export interface Entrant {
  readonly name: string
  readonly pid: number
  readonly client: Client
}

interface Sample extends Load {
  /** Processor seconds; undefined if they cannot be read. */
  readonly cpu: number | undefined
  readonly postgresCpu: number | undefined
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The result of one server and operation, over all rounds. */
export interface Result {
  readonly operation: string
  readonly server: string
  readonly requestsPerSecond: Spread
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Processor time per request in microseconds: of the server, and of PostgreSQL. */
  readonly cpuMicros: number | undefined
  readonly postgresMicros: number | undefined
  /** Our requests per second divided by its own in the same round; undefined for ours. */
  readonly ratio: Spread | undefined
  /** Our processor time per request divided by its own. */
  readonly cpuRatio: number | undefined
}

export interface Plan {
  readonly connections: number
  readonly seconds: number
  readonly rounds: number
  readonly postgresPid: number
}

/** The warm-up, until the code of a new process is compiled: a number of requests and a time limit. */
const WARM_UP = { requests: 1_000, seconds: 3 }

/** Measures every server with one operation, in rounds that each begin with another server. The first one is ours. */
export async function measure(operation: Operation, entrants: readonly Entrant[], plan: Plan): Promise<Result[]> {
  const samples = new Map<string, Sample[]>(entrants.map(({ name }) => [name, []]))
  for (const { client } of entrants) {
    await runLoad(client.port, await operation.lanes(client, plan.connections), WARM_UP.seconds, WARM_UP.requests)
  }
  for (let round = 0; round < plan.rounds; round += 1) {
    const turn = round % entrants.length
    for (const entrant of [...entrants.slice(turn), ...entrants.slice(0, turn)]) {
      samples.get(entrant.name)?.push(await sampleOf(operation, entrant, plan))
    }
  }
  const [ours] = samples.values()
  return [...samples].map(([server, own]) => toResult(operation.name, server, own, own === ours ? undefined : ours))
}

async function sampleOf(
  operation: Operation,
  { pid, client }: Entrant,
  { connections, seconds, postgresPid }: Plan,
): Promise<Sample> {
  const lanes = await operation.lanes(client, connections)
  const before = { cpu: cpuOf(pid), postgres: cpuOfFamily(postgresPid) }
  const load = await runLoad(client.port, lanes, seconds)
  return { ...load, cpu: minus(cpuOf(pid), before.cpu), postgresCpu: minus(cpuOfFamily(postgresPid), before.postgres) }
}

function minus(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before
}

function toResult(
  operation: string,
  server: string,
  samples: readonly Sample[],
  ours: readonly Sample[] | undefined,
): Result {
  const latencies = samples.flatMap((sample) => sample.latencies)
  const cpuMicros = microsOf(samples, ({ cpu }) => cpu)
  const ourMicros = ours && microsOf(ours, ({ cpu }) => cpu)
  return {
    operation,
    server,
    requestsPerSecond: spreadOf(samples.map(speedOf)),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpuMicros,
    postgresMicros: microsOf(samples, ({ postgresCpu }) => postgresCpu),
    ratio: ours && spreadOf(samples.map((sample, round) => speedOf(ours[round] ?? sample) / speedOf(sample))),
    cpuRatio: ourMicros === undefined || cpuMicros === undefined ? undefined : ourMicros / cpuMicros,
  }
}

function speedOf({ requests, seconds }: Sample): number {
  return requests / seconds
}

/** Over all rounds together, because the kernel counts in hundredths of a second. */
function microsOf(samples: readonly Sample[], secondsOf: (sample: Sample) => number | undefined): number | undefined {
  const requests = samples.reduce((sum, sample) => sum + sample.requests, 0)
  const seconds = samples.map(secondsOf)
  if (seconds.includes(undefined)) return undefined
  return (seconds.reduce<number>((sum, value) => sum + (value ?? 0), 0) * 1e6) / requests
}

function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values) }
}
