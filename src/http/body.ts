import type { IncomingMessage } from 'node:http'
import { createOwnTurns } from './own-turn.ts'
import { Problem } from './problem.ts'

/** Reads the body of a request and returns what `use` makes of it; the bytes are not kept after that. */
export type ReadBody = <T>(source: BodySource, use: (bytes: Buffer) => T) => Promise<T>

export interface BodySource {
  readonly request: IncomingMessage
  readonly maxBytes: number
  /** Who sends it: the id of an account, or empty. */
  readonly sender: string
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
}

/** A body with more bytes is large: it needs a place before the rest of it is received. */
const LARGE = 2 * 1024 * 1024

/** For a reply to a body that is not read to its end: the connection ends with it. */
const LAST_REPLY = { Connection: 'close' }

/** The places for large bodies. Each holds 13 MiB for as long as its sender takes, within the time for a request. */
export const largeBodies = {
  slots: 8,
  slotsPerKey: 2,
  queue: 16,
  waitMs: 5_000,
  busy: (cause?: unknown): Problem => {
    const detail = 'Too many large bodies are being received right now.'
    return new Problem('unavailable', detail, { headers: { 'Retry-After': 2, ...LAST_REPLY }, cause })
  },
} as const

/** Runs the work when the sender has a place, or throws a 503. */
type InPlace = <T>(work: () => Promise<T>, sender: { readonly key: string; readonly signal: AbortSignal }) => Promise<T>

/**
 * Makes a reader of bodies. The limit is checked while receiving, whatever Content-Length says. Compressed bodies are
 * refused, so that a small body cannot become a large one. A large one is received only `inPlace`, so that only a few
 * are in memory at once.
 */
export function createReadBody(inPlace: InPlace): ReadBody {
  const ownTurn = createOwnTurns()
  return async ({ request, maxBytes, sender, signal }, use) => {
    refuseCoding(request)
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > maxBytes) throw tooLarge(maxBytes, announced)
    const body = receive(request, maxBytes)
    if (announced <= LARGE && (await body.upTo(LARGE))) return use(body.bytes())
    const receiveAll = async () => {
      await body.upTo(maxBytes)
      // To parse a large body takes tens of milliseconds.
      await ownTurn()
      return use(body.bytes())
    }
    return inPlace(receiveAll, { key: sender, signal })
  }
}

/** Receives a body in steps. Between two steps the client has to wait. */
function receive(request: IncomingMessage, maxBytes: number) {
  const source = (request as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  const chunks: Buffer[] = []
  let size = 0
  const next = (): Promise<IteratorResult<Buffer, unknown>> =>
    source.next().catch((cause: unknown) => {
      throw new Problem('malformed-request', 'The body ended before it was complete.', { cause })
    })
  return {
    /** Resolves with whether the body is complete; if not, it has more than `bytes`. */
    upTo: async (bytes: number): Promise<boolean> => {
      while (size <= bytes) {
        const { done, value } = await next()
        if (done === true) return true
        size += value.length
        if (size > maxBytes) throw tooLarge(maxBytes)
        chunks.push(value)
      }
      return false
    },
    bytes: () => Buffer.concat(chunks.splice(0), size),
  }
}

function refuseCoding({ headers }: IncomingMessage): void {
  const content = headers['content-encoding'] ?? 'identity'
  const transfer = headers['transfer-encoding'] ?? 'chunked'
  if (content.toLowerCase() !== 'identity' || transfer.toLowerCase() !== 'chunked')
    throw new Problem('unsupported-media-type', 'Compressed bodies are not accepted; send the body as it is.')
}

function tooLarge(limit: number, announced?: number): Problem {
  const found = announced === undefined ? '' : `, and has ${announced}`
  const detail = `The body may have at most ${limit} bytes${found}.`
  return new Problem('body-too-large', detail, { headers: LAST_REPLY })
}

/** Whether a request announces a body (RFC 9112 §6.3). */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
}
