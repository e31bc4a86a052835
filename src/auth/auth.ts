import { availableParallelism } from 'node:os'
import type { Database } from '../db/database.ts'
import { createCursors } from '../http/cursor.ts'
import { unavailable } from '../http/problem.ts'
import { createFairGate } from '../scheduling/fair-gate.ts'
import type { AuthDeps } from './handlers.ts'
import { createLoginThrottle } from './throttle/login-throttle.ts'
import { type PasswordCost, SHIPPED_COST } from './password/passwords.ts'
import { createTokens, deriveKey, deriveKeys } from './tokens.ts'

export interface AuthOptions {
  /** The first one makes, all are accepted. */
  readonly secretKeys: readonly [string, ...string[]]
  readonly accessTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly registration: 'open' | 'closed'
  readonly passwordMinLength: number
  /** Less than what is shipped only where hashes guard nothing: in tests. */
  readonly passwordCost?: PasswordCost
  /** The database could not count failed logins, so this process does on its own. */
  readonly onLocalThrottle: (error: unknown) => void
}

/** libuv has four threads for hashes and for the signatures of all tokens; hashes may never take all of them. */
const MOST_HASHES = 3
const QUEUE = 20
const WAIT_MS = 2_000

/** The parts that authentication is made of, put together for one server. */
export function createAuth(db: Database, options: AuthOptions): AuthDeps {
  const { secretKeys, accessTokenSeconds, refreshTokenSeconds, registration, passwordMinLength, onLocalThrottle } =
    options
  const slots = Math.max(1, Math.min(availableParallelism() - 1, MOST_HASHES))
  return {
    db,
    tokens: createTokens(secretKeys, accessTokenSeconds),
    hashGate: createFairGate({ slots, queue: QUEUE, waitMs: WAIT_MS, busy: tooManyHashes }),
    loginThrottle: createLoginThrottle(db, {
      key: deriveKey(secretKeys[0], 'login-throttle'),
      onFallback: onLocalThrottle,
    }),
    cursors: createCursors(deriveKeys(secretKeys, 'cursor')),
    refreshTokenSeconds,
    registration,
    passwordMinLength,
    passwordCost: options.passwordCost ?? SHIPPED_COST,
  }
}

function tooManyHashes(cause?: unknown): Error {
  return unavailable('The server is busy checking other passwords right now.', cause)
}
