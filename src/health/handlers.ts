import { bindOperations } from '../contract/bind.ts'
import type { ReplyTo, Request } from '../contract/types.ts'
import { Problem } from '../http/problem.ts'

export interface HealthDeps {
  readonly version: string
  /** Why the server is not ready, in a sentence; undefined if it is ready. Resolves within a second. */
  readonly whyNotReady: () => Promise<string | undefined>
}

export const healthHandlers = (deps: HealthDeps) => bindOperations({ getHealth, getLiveness }, deps)

async function getHealth({ version, whyNotReady }: HealthDeps, _: Request<'getHealth'>, reply: ReplyTo<'getHealth'>) {
  const reason = await whyNotReady()
  if (reason !== undefined) throw new Problem('unhealthy', reason, { headers: { 'Retry-After': 2 } })
  return reply(200, { status: 'healthy', version })
}

async function getLiveness(_: HealthDeps, _request: Request<'getLiveness'>, reply: ReplyTo<'getLiveness'>) {
  return reply(200, { status: 'alive' })
}
