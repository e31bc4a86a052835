import express, { type Express } from 'express'
import type { Logger } from 'pino'
import { createDispatcher, type ContractDeps } from './contract/dispatcher.ts'
import { contractHandler, type TransportDeps } from './contract/express.ts'
import { createDocs } from './docs/docs.ts'
import type { CrossOrigin } from './http/cross-origin.ts'
import { errorHandler } from './http/error-handler.ts'
import { problemKinds } from './http/problem-kinds.ts'
import { requestLog, type RequestOver } from './http/request-log.ts'
import { withoutPath } from './http/request-target.ts'
import { securityHeaders } from './http/security-headers.ts'

export interface AppDeps extends Omit<ContractDeps, 'onBrokenReply' | 'onStreamFailure'>, TransportDeps {
  readonly log: Logger
  readonly onRequestOver?: (request: RequestOver) => void
  readonly crossOrigin: CrossOrigin
  readonly isOutage: (error: unknown) => boolean
}

/** The order of the middleware, and nothing else. */
export function createApp(deps: AppDeps): Express {
  const { document, log, isOutage } = deps
  const dispatcher = createDispatcher({
    ...deps,
    onBrokenReply: (operation, violations) => log.error({ operation, violations }, 'a reply breaks the contract'),
    onStreamFailure: (operation, error) => {
      // An outage meets all streams at once, and is logged where it is noticed.
      if (!isOutage(error)) log.error({ operation, err: error }, 'a stream failed')
    },
  })
  const problems = Object.entries(problemKinds).map(([slug, kind]) => ({ slug, ...kind }))

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.use(requestLog(log, deps.onRequestOver))
  app.use(securityHeaders())
  app.use(withoutPath())
  app.use(deps.crossOrigin)
  app.use(createDocs({ yaml: document.text, document: document.root, problems, addressOf: deps.addressOf }))
  app.use(contractHandler(dispatcher, deps))
  app.use(errorHandler({ log, isOutage, checkReply: dispatcher.checkReply, addressOf: deps.addressOf }))
  return app
}
