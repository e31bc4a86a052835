import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CrossOrigin } from './cross-origin.ts'
import { type Episode, createEpisodes } from './episodes.ts'
import type { Slots } from './slots.ts'
import { type HeaderValues, type Problem, unavailable } from './problem.ts'
import type { AddressOf } from './public-address.ts'
import { requestIdOf } from './request-log.ts'
import { replyHeaders } from './security-headers.ts'

/** Refuses requests while the server has too much to do. */
export interface Shedding {
  /** Replies 503 and returns true if the request has to be refused. */
  readonly refuse: (request: IncomingMessage, response: ServerResponse) => boolean
  /** How many requests were refused so far. */
  readonly count: () => number
}

export interface SheddingOptions {
  readonly slots: Slots
  /** How long the oldest request for a database connection has waited, in milliseconds. */
  readonly waitedMs: () => number
  readonly requesterOf: (request: IncomingMessage) => string
  /** Headers of every reply to such a request; undefined if it has to be answered however busy the server is. */
  readonly refusalOf: (method: string, target: string) => HeaderValues | undefined
  readonly crossOrigin: CrossOrigin
  readonly addressOf: AddressOf
  readonly onBegin: () => void
  readonly onEnd: (episode: Episode) => void
}

/**
 * A request takes a connection two to four times, and waits for it no longer than two seconds. While those under way
 * wait for so many milliseconds, another one would make some of them fail.
 */
const LONGEST_WAIT = 500
/** The connection stays open for another request if no more than so much of this one's body may follow. */
const SHORT_BODY = 64 * 1024

/**
 * Comes before everything else, because a refusal must cost little: at three times the requests that a server can
 * serve, two of three are refused. If each costs a tenth of a served one, 78 % of the capacity is left; if a fifth,
 * half. So it asks no database, reads no body and has no line in the log; only an episode has.
 */
export function createShedding(options: SheddingOptions): Shedding {
  const { slots, waitedMs, requesterOf, refusalOf, crossOrigin, addressOf } = options
  const episodes = createEpisodes(options.onBegin, options.onEnd)
  return {
    refuse: (request, response) => {
      const isWaiting = waitedMs() >= LONGEST_WAIT
      if (!isWaiting && !slots.isFull(() => requesterOf(request))) return false
      const headers = refusalOf(request.method ?? '', request.url ?? '')
      if (headers === undefined) return false
      episodes.note()
      const problem = isWaiting ? problems.database : problems.requests
      crossOrigin(request, response, () => reply(request, response, { problem, headers, addressOf }))
      return true
    },
    count: episodes.count,
  }
}

/** Made once: to make an error costs as much as all the rest of a refusal. */
const problems = {
  requests: unavailable('The server has too much to do right now.'),
  database: unavailable('The database does not keep up with the requests right now.'),
}
const MEDIA_TYPE = { 'Content-Type': 'application/problem+json' }
const always = Object.fromEntries(replyHeaders)

interface Refusal {
  readonly problem: Problem
  readonly headers: HeaderValues
  readonly addressOf: AddressOf
}

function reply(request: IncomingMessage, response: ServerResponse, { problem, headers, addressOf }: Refusal): void {
  const requestId = requestIdOf(request)
  const body = JSON.stringify(problem.toDocument(requestId, addressOf))
  if (mayHaveLongBody(request)) response.shouldKeepAlive = false
  response.statusCode = problem.status
  const all = { 'X-Request-Id': requestId, ...always, ...headers, ...problem.headers, ...MEDIA_TYPE }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) response.setHeader(name, value)
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.end(body)
}

function mayHaveLongBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > SHORT_BODY
}
