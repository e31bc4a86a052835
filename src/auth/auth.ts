import { availableParallelism } from 'node:os'
import type { Database } from '../db/database.ts'
import type { AddressOf } from '../http/public-address.ts'
import { createCursors } from '../http/cursor.ts'
import { unavailable } from '../http/problem.ts'
import { type CreateGate, createOwnGate } from '../scheduling/fair-gate.ts'
import type { AuthDeps } from './handlers.ts'
import { createLoginThrottle, loginThrottleKey } from './throttle/login-throttle.ts'
import { type PasswordCost, SHIPPED_COST } from './password/passwords.ts'
import { createTokens, deriveKeys } from './tokens.ts'

export interface AuthOptions {
  /** The first one signs, all are accepted. */
  readonly secretKeys: readonly [string, ...string[]]
  readonly accessTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly registration: 'open' | 'closed'
  readonly passwordMinLength: number
  readonly addressOf: AddressOf
  /** Default: a gate of this process alone. */
  readonly createGate?: CreateGate
  /** Lower than SHIPPED_COST in tests only. */
  readonly passwordCost?: PasswordCost
  /** The database could not count a failed login, so this process counts on its own. */
  readonly onLocalThrottle: (error: unknown) => void
}

/** libuv has four threads for hashes and for the signatures of all tokens; hashes must not occupy all of them. */
const MAX_HASHES = 3
const QUEUE_LENGTH = 20
const WAIT_MS = 2_000

/** Creates the parts of authentication for one server. */
export function createAuth(db: Database, options: AuthOptions): AuthDeps {
  const { secretKeys, accessTokenSeconds, refreshTokenSeconds, registration, passwordMinLength, onLocalThrottle } =
    options
  const slots = Math.max(1, Math.min(availableParallelism() - 1, MAX_HASHES))
  const createGate = options.createGate ?? createOwnGate
  return {
    db,
    tokens: createTokens(secretKeys, accessTokenSeconds),
    hashGate: createGate('passwords', { slots, queue: QUEUE_LENGTH, waitMs: WAIT_MS, busy: tooManyHashes }),
    loginThrottle: createLoginThrottle(db, {
      key: loginThrottleKey(secretKeys[0]),
      onFallback: onLocalThrottle,
    }),
    cursors: createCursors(deriveKeys(secretKeys, 'cursor')),
    refreshTokenSeconds,
    refreshTokenKeys: deriveKeys(secretKeys, 'refresh-token'),
    registration,
    passwordMinLength,
    addressOf: options.addressOf,
    passwordCost: options.passwordCost ?? SHIPPED_COST,
  }
}

/** Without a cause, so that it is not logged: for a client that left, the request log has a line already. */
function tooManyHashes(): Error {
  return unavailable('The server is busy checking other passwords right now.')
}
