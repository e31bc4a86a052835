import type { Handlers } from '../contract/types.ts'
import { accountHandlers, type AccountOperation } from './account/account-handlers.ts'
import { keyHandlers, type KeyOperation } from './api-key/key-handlers.ts'
import { createPasswordCheck, type PasswordDeps } from './password/password-check.ts'
import { sessionHandlers, type SessionDeps, type SessionOperation } from './session/session-handlers.ts'
import { tokenHandlers, type TokenDeps, type TokenOperation } from './session/token-handlers.ts'

export type AuthDeps = PasswordDeps & TokenDeps & SessionDeps

type AuthOperation = TokenOperation | AccountOperation | SessionOperation | KeyOperation

export async function authHandlers(deps: AuthDeps): Promise<Pick<Handlers, AuthOperation>> {
  const passwords = await createPasswordCheck(deps)
  return {
    ...tokenHandlers(deps, passwords),
    ...accountHandlers(deps.db, passwords),
    ...sessionHandlers(deps),
    ...keyHandlers(deps.db, passwords),
  }
}
