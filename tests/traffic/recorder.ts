import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type Moments, observe, type ObservedExchange } from './observe.ts'
import { causeIn, type LoggedCause, type RecordedServer, type ServerTraits } from './servers.ts'

/** One request and its answer, with the server that gave it. */
export interface Exchange extends ObservedExchange, Moments {
  /** The id of a RecordedServer. */
  readonly server: string
}

/** All that a run has written down. */
export interface Recording {
  /** In the order in which they were answered. */
  readonly exchanges: readonly Exchange[]
  /** Requests whose client left before the answer was written; what came of them is unknown. */
  readonly abandoned: readonly Exchange[]
  readonly servers: readonly RecordedServer[]
  readonly causes: readonly LoggedCause[]
}

/** Names the directory that exchanges are written to. Not set: nothing is recorded. */
export const TRAFFIC = 'NOTES_API_TRAFFIC'

const SERVER = '.server.json'
const CAUSES = '.causes.jsonl'
const ABANDONED = '.abandoned.jsonl'

/** What a test server tells of itself while it is recorded. */
export interface ServerRecording {
  readonly id: string
  /** From now on the rows of its database are not only its own work. */
  readonly rewritten: () => void
  /** For each line of its log: what a failure was logged with must not be in its answer. */
  readonly logged: (line: string) => void
}

let count = 0

/** Writes every exchange of this server down, for the judges that come after all other files. */
export function recordServer(server: Server, traits: ServerTraits): ServerRecording {
  const id = `${process.pid}-${(count += 1)}`
  const directory = process.env[TRAFFIC] ?? ''
  if (directory === '') return { id, rewritten: () => undefined, logged: () => undefined }
  const described: RecordedServer = { id, isProcess: false, ...traits }
  describeServer(directory, described)
  const write = openRecording(directory)
  server.prependListener('request', (request, response) => record(request, response, id, write))
  return {
    id,
    rewritten: () => describeServer(directory, { ...described, isRewritten: true }),
    logged: (line) => {
      const cause = causeIn(line, id)
      if (cause !== undefined) appendFileSync(join(directory, `${process.pid}${CAUSES}`), `${JSON.stringify(cause)}\n`)
    },
  }
}

/** The same for every server of this process: for a process that is loaded with this file (see process.ts). */
export function recordProcess(traitsOf: () => ServerTraits): void {
  const directory = process.env[TRAFFIC] ?? ''
  if (directory === '') return
  const id = `${process.pid}-0`
  const write = openRecording(directory)
  let isDescribed = false
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    // The metrics have a server of their own, which is not of the contract.
    if (request.socket.localPort === Number(process.env['METRICS_PORT'])) return
    // Only now is it certain that the settings are good.
    if (!isDescribed) describeServer(directory, { id, isProcess: true, ...traitsOf() })
    isDescribed = true
    record(request, response, id, write)
  })
}

/** What was recorded in a directory so far. */
export function recordedIn(directory: string): Recording {
  const files = readdirSync(directory)
  // What follows the last line break is of a process that was killed while it wrote.
  const lines = (name: string): unknown[] => {
    const texts = readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1)
    return texts.map((line) => JSON.parse(line) as unknown)
  }
  const all = (ending: string): unknown[] => files.filter((name) => name.endsWith(ending)).flatMap(lines)
  const inOrder = (exchanges: Exchange[]): Exchange[] => exchanges.toSorted((a, b) => a.ended - b.ended)
  const finished = files.filter((name) => /^\d+\.jsonl$/.test(name)).flatMap(lines)
  return {
    exchanges: inOrder(finished as Exchange[]),
    abandoned: inOrder(all(ABANDONED) as Exchange[]),
    servers: files
      .filter((name) => name.endsWith(SERVER))
      .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as RecordedServer),
    causes: all(CAUSES) as LoggedCause[],
  }
}

interface Recorder {
  readonly finished: (exchange: Exchange) => void
  readonly abandoned: (exchange: Exchange) => void
}

function record(request: IncomingMessage, response: ServerResponse, server: string, write: Recorder): void {
  observe(request, response, {
    finished: (exchange, moments) => write.finished({ ...exchange, ...moments, server }),
    abandoned: (exchange, moments) => write.abandoned({ ...exchange, ...moments, server }),
  })
}

let open: Recorder | undefined

/** One file a process; written at once, because some servers are killed. */
function openRecording(directory: string): Recorder {
  if (open !== undefined) return open
  mkdirSync(directory, { recursive: true })
  const file = openSync(join(directory, `${process.pid}.jsonl`), 'a')
  open = {
    finished: (exchange) => void writeSync(file, `${JSON.stringify(exchange)}\n`),
    abandoned: (exchange) =>
      appendFileSync(join(directory, `${process.pid}${ABANDONED}`), `${JSON.stringify(exchange)}\n`),
  }
  return open
}

function describeServer(directory: string, server: RecordedServer): void {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, `${server.id}${SERVER}`), JSON.stringify(server))
}
