import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { acceptsOneOf } from '../http/accept.ts'
import { hasBody, readBody } from '../http/body.ts'
import { unavailable } from '../http/problem.ts'
import { send } from '../http/send.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { IncomingRequest } from './request/incoming.ts'
import type { Client } from './types.ts'

/** The express handler that passes each request to the dispatcher. `clientOf` identifies its client. */
export function contractHandler({ handle }: Dispatcher, clientOf: (request: Request) => Client): RequestHandler {
  return (request: Request, response: Response, next: NextFunction): void => {
    handle(toIncoming(request, response, clientOf(request)))
      .then((reply) => send(response, reply))
      // To express, undefined means no error, and the texts "route" and "router" are commands.
      .catch((error: unknown) =>
        next(error instanceof Error ? error : new Error('The thrown value is not an Error', { cause: error })),
      )
  }
}

function toIncoming(request: Request, response: Response, client: Client): IncomingRequest {
  const [path = '/', ...query] = request.url.split('?')
  const abort = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) abort.abort(unavailable('The client is gone.'))
  })
  return {
    method: request.method,
    path,
    query: query.join('?'),
    headers: request.headers,
    body: hasBody(request) ? (maxBytes) => readBody(request, maxBytes) : undefined,
    accepts: (types) => acceptsOneOf(request.headers.accept, types),
    client,
    exchange: response.locals.exchange,
    abort,
  }
}
