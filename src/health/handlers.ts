import type { Handlers } from '../contract/types.ts'
import { Problem } from '../http/problem.ts'

export interface HealthDeps {
  readonly version: string
  /** Why the server is not ready, in a sentence; undefined if it is ready. Resolves within a second. */
  readonly whyNotReady: () => Promise<string | undefined>
}

export function healthHandlers({ version, whyNotReady }: HealthDeps): Pick<Handlers, 'getHealth' | 'getLiveness'> {
  return {
    async getHealth(_, reply) {
      const reason = await whyNotReady()
      if (reason !== undefined) throw new Problem('unhealthy', reason, { headers: { 'Retry-After': 2 } })
      return reply(200, { status: 'healthy', version })
    },

    getLiveness: async (_, reply) => reply(200, { status: 'alive' }),
  }
}
