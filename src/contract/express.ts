import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { acceptsOneOf } from '../http/accept.ts'
import { hasBody, type ReadBody } from '../http/body.ts'
import { requesterOf } from '../http/client.ts'
import { unavailable } from '../http/problem.ts'
import { send } from '../http/send.ts'
import type { Slot, Slots } from '../http/slots.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { IncomingRequest } from './request/incoming.ts'
import type { Client } from './types.ts'

export interface TransportDeps {
  /** Identifies the client of a request. */
  readonly clientOf: (request: IncomingMessage) => Client
  readonly readBody: ReadBody
  /** The requests that are worked on. */
  readonly slots: Slots
}

/** The express handler that passes each request to the dispatcher. */
export function contractHandler({ handle }: Dispatcher, deps: TransportDeps): RequestHandler {
  return (request: Request, response: Response, next: NextFunction): void => {
    const slot = deps.slots.take(requesterOf(request, deps.clientOf))
    handle(toIncoming(request, response, slot, deps))
      .finally(slot.leave)
      .then((reply) => send(response, reply))
      // To express, undefined means no error, and the texts "route" and "router" are commands.
      .catch((error: unknown) =>
        next(error instanceof Error ? error : new Error('The thrown value is not an Error', { cause: error })),
      )
  }
}

function toIncoming(
  request: Request,
  response: Response,
  slot: Slot,
  { clientOf, readBody }: TransportDeps,
): IncomingRequest {
  const [path = '/', ...query] = request.url.split('?')
  const abort = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) abort.abort(unavailable('The client is gone.'))
  })
  // While a body arrives, the request waits for its client.
  const body: NonNullable<IncomingRequest['body']> = (bounds, use) => {
    slot.leave()
    return readBody({ request, ...bounds, signal: abort.signal }, (bytes) => {
      slot.comeBack()
      return use(bytes)
    })
  }
  return {
    method: request.method,
    path,
    query: query.join('?'),
    headers: request.headers,
    body: hasBody(request) ? body : undefined,
    accepts: (types) => acceptsOneOf(request.headers.accept, types),
    client: clientOf(request),
    exchange: response.locals.exchange,
    abort,
  }
}
