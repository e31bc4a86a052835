import { authHandlers, type AuthDeps } from './auth/handlers.ts'
import { purge } from './auth/purge.ts'
import { changeHandlers, type ChangeDeps } from './changes/handlers.ts'
import type { Handlers } from './contract/types.ts'
import { healthHandlers, type HealthDeps } from './health/handlers.ts'
import type { Chore } from './housekeeping.ts'
import { purgeChanges } from './changes/core/purge-changes.ts'
import { noteHandlers } from './notes/handlers.ts'
import type { NoteDeps } from './notes/note-deps.ts'
import { type HousekeepingLimits, purgeNotes } from './notes/purge.ts'

export type FeatureDeps = AuthDeps & NoteDeps & ChangeDeps & HealthDeps & HousekeepingLimits

/** What the features give to the server: their handlers and their chores. */
export interface Features {
  /** Every operation of the contract; a missing one does not compile. */
  readonly handlers: Handlers
  readonly chores: readonly Chore[]
}

export async function createFeatures(deps: FeatureDeps): Promise<Features> {
  return {
    handlers: {
      ...healthHandlers(deps),
      ...(await authHandlers(deps)),
      ...noteHandlers(deps),
      ...changeHandlers(deps),
    },
    chores: [
      (isStopping) => purge(deps.db, isStopping),
      (isStopping) => purgeNotes(deps.db, deps, isStopping),
      (isStopping) => purgeChanges(deps.db, isStopping),
    ],
  }
}
