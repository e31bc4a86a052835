import type { Exchange } from '../../http/exchange.ts'
import type { Caller, Client } from '../types.ts'

/** A request as the dispatcher takes it, from a socket or from a call in this process. */
export interface IncomingRequest {
  readonly method: string
  /** Still percent-encoded, without the query. */
  readonly path: string
  /** Still percent-encoded, without the `?`. */
  readonly query: string
  /** By lower-case name, as in node. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Reads the body and returns what `use` makes of it; undefined when the request has none. */
  readonly body: (<T>(bounds: BodyBounds, use: (bytes: Buffer) => T) => Promise<T>) | undefined
  /** Whether the client accepts one of these media types (RFC 9110 §12.5.1). */
  readonly accepts: (mediaTypes: readonly string[]) => boolean
  readonly client: Client
  /** The caller of a call in this process. A request from a socket has none yet; its credential identifies it. */
  readonly caller?: Caller
  readonly exchange: Exchange
  /** Aborted when the client is gone, the time is up, or a stream has to end. */
  readonly abort: AbortController
}

export interface BodyBounds {
  readonly maxBytes: number
  /** Who sends it, so that all have a share of the memory for bodies: the id of an account, or empty. */
  readonly sender: string
}

/** One header as text; undefined when the request does not have it. */
export function headerOf({ headers }: Pick<IncomingRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name.toLowerCase()]
  return value === undefined ? undefined : String(value)
}
