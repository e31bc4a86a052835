import type { ErrorRequestHandler, NextFunction, Request, Response } from 'express'
import type { Logger } from 'pino'
import type { Exchange } from './exchange.ts'
import { oauthMembers } from './oauth-error.ts'
import { Problem } from './problem.ts'
import type { AddressOf } from './public-address.ts'
import type { OutgoingReply } from './outgoing.ts'
import { send } from './send.ts'

interface ErrorHandlerDeps {
  readonly log: Logger
  readonly isOutage: (error: unknown) => boolean
  readonly addressOf: AddressOf
  /** Returns how a failure breaks the contract of its operation; nothing if the list is empty. */
  readonly checkReply: (operationId: string, reply: OutgoingReply) => readonly string[]
}

/** The only place that sends a problem. A 5xx is logged here, once, with its cause, which the client never sees. */
export function errorHandler({ log, isOutage, checkReply, addressOf }: ErrorHandlerDeps): ErrorRequestHandler {
  // Express recognises an error handler by its four parameters.
  return (error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const { exchange } = response.locals
    const fields = { request_id: exchange.requestId, ...exchange.trace, operation: exchange.operationId }
    if (response.headersSent) {
      log.error({ ...fields, err: error }, 'failed after the reply had begun; the connection was closed')
      response.destroy()
      return
    }
    // What a problem says is sent; what it was made of is logged.
    let cause = error instanceof Problem ? (error.cause ?? error) : error
    let reply = toReply(Problem.from(error, isOutage), exchange, addressOf)
    const violations = exchange.operationId === undefined ? [] : checkReply(exchange.operationId, reply)
    if (violations.length > 0) {
      cause = new Error(`The failure breaks the contract: ${violations.join('; ')}`, { cause: error })
      reply = toReply(Problem.from(cause, isOutage), exchange, addressOf)
    }
    if (reply.status >= 500 && !isExpected(cause)) {
      const level = reply.status === 503 ? 'warn' : 'error'
      log[level]({ ...fields, err: cause }, `replied ${reply.status}`)
    }
    void send(response, reply)
  }
}

/** A Problem without a cause is a deliberate reply, such as "unhealthy", so there is nothing to log. */
function isExpected(error: unknown): boolean {
  return error instanceof Problem && error.cause === undefined
}

function toReply(problem: Problem, exchange: Exchange, addressOf: AddressOf): OutgoingReply {
  const { requestId, operationHeaders, isOAuth } = exchange
  exchange.problem = problem.slug
  const document = problem.toDocument(requestId, addressOf)
  return {
    status: problem.status,
    headers: { ...problem.headers, ...operationHeaders, 'X-Request-Id': requestId },
    content: {
      kind: 'json',
      mediaType: 'application/problem+json',
      value: isOAuth === true ? { ...document, ...oauthMembers(problem) } : document,
    },
  }
}
