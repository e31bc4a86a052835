import cors from 'cors'
import express, { type Express } from 'express'
import type { Logger } from 'pino'
import { createContract, type ContractDeps } from './contract/dispatcher.ts'
import { createDocs } from './docs/docs.ts'
import { errorHandler } from './http/error-handler.ts'
import { problemKinds } from './http/problem-kinds.ts'
import { requestLog } from './http/request-log.ts'
import { securityHeaders } from './http/security-headers.ts'

export interface AppDeps extends Omit<ContractDeps, 'onBrokenReply'> {
  readonly log: Logger
  readonly corsOrigins: readonly string[]
  readonly isOutage: (error: unknown) => boolean
}

/** The order in which a request meets the parts of the server, and nothing else. */
export async function createApp(deps: AppDeps): Promise<Express> {
  const { document, log, isOutage } = deps
  const contract = await createContract({
    ...deps,
    onBrokenReply: (operation, faults) => log.error({ operation, faults }, 'a reply breaks the contract'),
  })
  const problems = Object.entries(problemKinds).map(([slug, kind]) => ({ slug, ...kind }))

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.use(requestLog(log))
  app.use(securityHeaders())
  if (deps.corsOrigins.length > 0)
    app.use(cors({ origin: [...deps.corsOrigins], exposedHeaders: EXPOSED, maxAge: 600 }))
  app.use(createDocs({ yaml: document.text, document: document.root, problems }))
  app.use(contract.dispatch)
  app.use(errorHandler({ log, isOutage, checkReply: contract.checkReply }))
  return app
}

/** What a page of an allowed origin may read beside the body. */
const EXPOSED = [
  'Deprecation',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'Retry-After',
  'Sunset',
  'WWW-Authenticate',
  'X-Request-Id',
]
