import { type Definition, diskMetrics, one, processMetrics, type Sample } from './process-metrics.ts'

/** What a process reads when it is asked for its metrics. What it does not have is left out. */
export interface Figures {
  readonly gates?: () => Iterable<
    readonly [name: string, state: { readonly running: number; readonly waiting: number }]
  >
  readonly openStreams?: () => number
  readonly openConnections?: () => Promise<number>
  /** undefined if quotas are not counted in Redis at all. */
  readonly isSharedByRedis?: () => boolean | undefined
  /** undefined if the database does not answer. */
  readonly changes?: () => Promise<number | undefined>
  readonly pool?: () => { readonly busy: number; readonly idle: number; readonly waiting: number }
  readonly underWay?: () => number
  readonly shed?: () => number
  readonly workers?: () => number
  /** The directory of the embedded database. */
  readonly dataDir?: string
  readonly version?: string
}

/** What is read when it is asked for. */
export function definitionsOf(figures: () => Figures): Definition[] {
  const { definitions: ofDatabase } = databaseMetrics(figures)
  const gates = (read: 'running' | 'waiting') => () =>
    [...(figures().gates?.() ?? [])].map(([gate, state]): Sample => [{ gate }, state[read]])
  return [
    {
      name: 'notes_api_gate_running',
      help: 'Costly work that runs, by gate.',
      labelNames: ['gate'],
      read: gates('running'),
    },
    {
      name: 'notes_api_gate_waiting',
      help: 'Costly work that waits, by gate.',
      labelNames: ['gate'],
      read: gates('waiting'),
    },
    { name: 'notes_api_open_streams', help: 'Open event streams.', read: () => one(figures().openStreams?.()) },
    {
      name: 'notes_api_open_connections',
      help: 'Open connections of clients.',
      read: async () => one(await figures().openConnections?.()),
    },
    {
      name: 'notes_api_requests_under_way',
      help: 'Requests that are worked on.',
      read: () => one(figures().underWay?.()),
    },
    {
      name: 'notes_api_requests_shed_total',
      help: 'Requests refused at once, because there was too much to do.',
      isCounter: true,
      read: () => one(figures().shed?.()),
    },
    {
      name: 'notes_api_rate_limits_shared',
      help: '1 while requests are counted in Redis, 0 while they should be and are not.',
      aggregator: 'min',
      read: () => one(numberOf(figures().isSharedByRedis?.())),
    },
    ...ofDatabase,
    { name: 'notes_api_workers', help: 'Workers that serve.', read: () => one(figures().workers?.()) },
    {
      name: 'notes_api_build_info',
      help: 'Always 1; the version is a label.',
      labelNames: ['version'],
      aggregator: 'first',
      read: () => (figures().version === undefined ? [] : [[{ version: figures().version ?? '' }, 1]]),
    },
    ...processMetrics(),
    ...diskMetrics(() => figures().dataDir),
  ]
}

function numberOf(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value)
}

function databaseMetrics(figures: () => Figures) {
  /** Both metrics of one scrape are made of one answer. */
  let latest: Promise<number | undefined> | undefined
  const definitions: Definition[] = [
    {
      name: 'notes_api_database_up',
      help: '1 if the database answers within a second.',
      aggregator: 'min',
      read: async () => {
        latest = figures().changes?.()
        return latest === undefined ? [] : one(Number((await latest) !== undefined))
      },
    },
    {
      name: 'notes_api_changes_total',
      help: 'Changes of notes that were recorded, as the database counts them.',
      aggregator: 'first',
      isCounter: true,
      read: async () => one(await latest),
    },
    {
      name: 'notes_api_database_connections',
      help: 'Connections of the pool, by state.',
      labelNames: ['state'],
      read: () => {
        const pool = figures().pool?.()
        return pool === undefined
          ? []
          : [
              [{ state: 'busy' }, pool.busy],
              [{ state: 'idle' }, pool.idle],
            ]
      },
    },
    {
      name: 'notes_api_database_waiting',
      help: 'Requests that wait for a connection of the pool.',
      read: () => one(figures().pool?.().waiting),
    },
  ]
  return { definitions }
}
