import { authHandlers, type AuthDeps } from './auth/handlers.ts'
import type { Handlers } from './contract/types.ts'
import { healthHandlers, type HealthDeps } from './health/handlers.ts'
import { noteHandlers, type NoteDeps } from './notes/handlers.ts'

export type HandlerDeps = AuthDeps & NoteDeps & HealthDeps

/** Every operation of the contract; a missing one does not compile. */
export async function createHandlers(deps: HandlerDeps): Promise<Handlers> {
  return {
    ...healthHandlers(deps),
    ...(await authHandlers(deps)),
    ...noteHandlers(deps),
  }
}
