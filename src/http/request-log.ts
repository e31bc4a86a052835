import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import type { Exchange } from './exchange.ts'
import { readTraceparent } from './traceparent.ts'

/** A request that is over. */
export interface RequestOver {
  readonly operation: string | undefined
  /** undefined if the client left before the reply. */
  readonly status: number | undefined
  readonly seconds: number
  /** The type of the problem that was sent. */
  readonly problem: string | undefined
}

const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/**
 * Begins the exchange and logs one line when it is over. The line names the operation and its path in the contract.
 * Only where nothing is at the address it has the path that was sent, for which see `log.ts`.
 */
export function requestLog(log: Logger, onOver: (request: RequestOver) => void = () => undefined): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const requestId = requestIdOf(request)
    const trace = readTraceparent(request.headers['traceparent'])
    const exchange: Exchange = { requestId, trace, startedAt: performance.now() }
    response.locals.exchange = exchange
    response.setHeader('X-Request-Id', requestId)
    response.once('close', () => {
      const { operationId: operation, problem } = exchange
      const status = response.headersSent ? response.statusCode : undefined
      const milliseconds = performance.now() - exchange.startedAt
      onOver({ operation, status, seconds: milliseconds / 1_000, problem })
      const fields = {
        request_id: requestId,
        ...trace,
        operation,
        method: request.method,
        path: pathOf(request, response),
        status,
        duration_ms: Math.round(milliseconds * 10) / 10,
      }
      if (response.writableFinished) log.info(fields, 'request')
      else log.info({ ...fields, aborted: true }, 'the connection closed before the reply was complete')
    })
    next()
  }
}

/** The id that the client gave the request if it is a sane one, or else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : uuidv7()
}

/** The path in the contract, or that of a page; otherwise the one that was sent, fit for a line of text. */
function pathOf(request: Request, response: Response): string {
  const { path } = response.locals.exchange
  if (path !== undefined) return path
  const page: unknown = response.statusCode === 404 ? undefined : request.route?.path
  return typeof page === 'string' ? page.replaceAll(/:(\w+)/g, '{$1}') : sentPath(request.originalUrl)
}

const LONGEST_PATH = 100

/** Without host and query, escaped, cut, and without what looks like a token of this server. */
export function sentPath(url: string): string {
  const path = url
    .replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
    .replace(/[?#].*$/s, '')
    .replaceAll(/(nak_|nrt_|eyJ)[\w.~+-]+/g, '$1…')
    .replaceAll(/[^\x21-\x7E…]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return path.length > LONGEST_PATH ? `${path.slice(0, LONGEST_PATH)}…` : path
}
