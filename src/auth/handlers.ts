import { bindOperations } from '../contract/bind.ts'
import { changePassword, deleteMe, getCredential, getMe, updateMe } from './account/account-handlers.ts'
import { createApiKey, listApiKeys, revokeApiKey } from './api-key/key-handlers.ts'
import { createPasswordCheck, type PasswordDeps } from './password/password-check.ts'
import { listSecurityEvents, listSessions, revokeSession, type SessionDeps } from './session/session-handlers.ts'
import { createToken, registerUser, revokeToken, type TokenDeps } from './session/token-handlers.ts'

export type AuthDeps = PasswordDeps & SessionDeps & Omit<TokenDeps, 'passwords'>

/** The operations of authentication. A missing one does not compile in features.ts. */
export async function authHandlers(deps: AuthDeps) {
  const passwords = await createPasswordCheck(deps)
  const operations = {
    registerUser,
    createToken,
    revokeToken,
    getMe,
    updateMe,
    deleteMe,
    changePassword,
    getCredential,
    listSessions,
    revokeSession,
    listSecurityEvents,
    listApiKeys,
    createApiKey,
    revokeApiKey,
  }
  return bindOperations(operations, { ...deps, passwords })
}
