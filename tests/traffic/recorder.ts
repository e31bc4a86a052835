import { subscribe } from 'node:diagnostics_channel'
import { mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { join } from 'node:path'

/** One request and its answer, as the server read and wrote them. */
export interface Exchange {
  readonly method: string
  /** Path and query, as they came. */
  readonly target: string
  readonly requestHeaders: Readonly<Record<string, string>>
  /** As Latin-1, which keeps every byte; empty when nothing was read. */
  readonly requestBody: string
  readonly status: number
  /** What the application set; node adds Date, Connection and the like. */
  readonly headers: Readonly<Record<string, string>>
  /** As Latin-1. */
  readonly body: string
}

/** Names the directory that exchanges are written to. Not set: nobody records. */
export const TRAFFIC = 'NOTES_API_TRAFFIC'

/** Writes every exchange of this server down, for tests/traffic/traffic.test.ts, which judges those of the whole run. */
export function recordServer(server: Server): void {
  const directory = process.env[TRAFFIC]
  if (directory === undefined || directory === '') return
  const write = openRecording(directory)
  server.prependListener('request', (request, response) => observe(request, response, write))
}

/** The same for every server of this process: for a process that is loaded with this file (see process.ts). */
export function recordProcess(): void {
  const directory = process.env[TRAFFIC]
  if (directory === undefined || directory === '') return
  const write = openRecording(directory)
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    observe(request, response, write)
  })
}

/** Calls back when an answer has been written whole. One that was cut off says nothing about the contract. */
export function observe(request: IncomingMessage, response: ServerResponse, done: (exchange: Exchange) => void): void {
  const sent: Buffer[] = []
  const answered: Buffer[] = []
  const push = request.push.bind(request)
  request.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (Buffer.isBuffer(chunk)) sent.push(chunk)
    return push(chunk, encoding)
  }
  const collect = (chunk: unknown): void => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) answered.push(Buffer.from(chunk as string))
  }
  for (const name of ['write', 'end'] as const) {
    const original = response[name].bind(response) as (...given: unknown[]) => never
    response[name] = (...given: unknown[]) => {
      collect(given[0])
      return original(...given)
    }
  }
  response.once('finish', () => {
    done({
      method: request.method ?? '',
      target: request.url ?? '',
      requestHeaders: flat(request.headers),
      requestBody: Buffer.concat(sent).toString('latin1'),
      status: response.statusCode,
      headers: flat(response.getHeaders()),
      body: request.method === 'HEAD' ? '' : Buffer.concat(answered).toString('latin1'),
    })
  })
}

/** What was recorded in a directory so far. */
export function recordedIn(directory: string): Exchange[] {
  return readdirSync(directory).flatMap((name) => {
    // What follows the last line break is of a process that was killed while it wrote.
    const lines = readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as Exchange)
  })
}

let open: ((exchange: Exchange) => void) | undefined

/** One file a process; written at once, because some servers are killed. */
function openRecording(directory: string): (exchange: Exchange) => void {
  if (open !== undefined) return open
  mkdirSync(directory, { recursive: true })
  const file = openSync(join(directory, `${process.pid}.jsonl`), 'a')
  open = (exchange) => void writeSync(file, `${JSON.stringify(exchange)}\n`)
  return open
}

function flat(headers: NodeJS.Dict<number | string | readonly string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
}
