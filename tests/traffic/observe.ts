import type { IncomingMessage, ServerResponse } from 'node:http'

/** One request and its answer, as the server read and wrote them. */
export interface ObservedExchange {
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

/** Milliseconds since 1970, with a fraction. What ended before something else began had its effect before it. */
export interface Moments {
  /** When the head of the request had arrived. */
  readonly began: number
  /** When the application had decided on the whole answer. */
  readonly ended: number
}

interface Observer {
  /** An answer was written whole. */
  readonly finished: (exchange: ObservedExchange, moments: Moments) => void
  /** The connection ended before that: it says nothing about the contract, but the request may have had an effect. */
  readonly abandoned?: (exchange: ObservedExchange, moments: Moments) => void
}

/** Listens to one exchange without changing it. */
export function observe(request: IncomingMessage, response: ServerResponse, observer: Observer): void {
  const began = now()
  let ended = began
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
      ended = now()
      collect(given[0])
      return original(...given)
    }
  }
  const exchange = (): ObservedExchange => ({
    method: request.method ?? '',
    target: request.url ?? '',
    requestHeaders: flat(request.headers),
    requestBody: Buffer.concat(sent).toString('latin1'),
    status: response.statusCode,
    headers: flat(response.getHeaders()),
    body: request.method === 'HEAD' ? '' : Buffer.concat(answered).toString('latin1'),
  })
  response.once('finish', () => observer.finished(exchange(), { began, ended }))
  response.once('close', () => {
    if (response.writableFinished) return
    // A client leaves a stream when it has enough; what it was sent until then is an answer like any other.
    const isLeft = response.headersSent && response.getHeader('content-type') === 'text/event-stream'
    if (isLeft) observer.finished(exchange(), { began, ended })
    else observer.abandoned?.(exchange(), { began, ended: now() })
  })
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

function flat(headers: NodeJS.Dict<number | string | readonly string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
}
