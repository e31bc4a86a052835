import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import type { Exchange } from './exchange.ts'

const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/**
 * Begins the exchange and logs one line when it is over. The line names the operation, never the address, which may
 * contain a secret that was pasted into it by mistake.
 */
export function requestLog(log: Logger): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const given = request.headers['x-request-id']
    const requestId = typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : uuidv7()
    const exchange: Exchange = { requestId, startedAt: performance.now() }
    response.locals.exchange = exchange
    response.setHeader('X-Request-Id', requestId)
    response.once('close', () => {
      const fields = {
        request_id: requestId,
        operation: exchange.operationId,
        method: request.method,
        status: response.headersSent ? response.statusCode : undefined,
        duration_ms: Math.round((performance.now() - exchange.startedAt) * 10) / 10,
      }
      if (response.writableFinished) log.info(fields, 'request')
      else log.info({ ...fields, aborted: true }, 'the connection closed before the reply was complete')
    })
    next()
  }
}
