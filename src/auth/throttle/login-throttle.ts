import { createHmac } from 'node:crypto'
import type { Database } from '../../db/database.ts'
import { isOutage } from '../../db/pg-errors.ts'
import { Problem } from '../../http/problem.ts'
import { createLocalFailures } from './local-failures.ts'
import {
  countFailures,
  type FailurePolicies,
  type FailurePolicy,
  forgetAccount,
  forgetFailures,
  type LoginKeys,
  readLoginState,
  rememberAddress,
} from './login-failures.ts'

/** What slows guessing of passwords. It holds for all workers and replicas on one database, and over restarts. */
export interface LoginThrottle {
  /**
   * To be called before the password is hashed. Throws a 429 with Retry-After while a block is on; nothing is counted
   * then. `accountKey` is the e-mail as accounts compare it, whether there is such an account or not; `address` stands
   * for its network already, as Client has it.
   */
  readonly attempt: (accountKey: string, address: string) => Promise<LoginAttempt>
  /** Forgets where a deleted account logged in from, and the failures of strangers. */
  readonly forget: (accountKey: string) => Promise<void>
}

export interface LoginAttempt {
  /**
   * To be called with the result of the hash, before anybody is told. Counts a failure; after a success the address is
   * known good. Throws a 429, whatever the result, when parallel failures have begun a block meanwhile: so 50 guesses
   * sent at once learn no more than five sent one by one, and 50 right logins at once all pass.
   *
   * An attempt that was never hashed (the gate was full) is simply dropped; there is nothing to give back.
   */
  readonly settle: (matched: boolean) => Promise<void>
}

interface ThrottleOptions {
  /** Keeps accounts and addresses unreadable in the database; the same on all replicas. */
  readonly key: Uint8Array
  /** Instead of the defaults. */
  readonly policies?: Partial<LoginPolicies>
  /** The database could not count, so this process does on its own: for the log and a metric. */
  readonly onFallback?: (error: unknown) => void
}

interface LoginPolicies extends FailurePolicies {
  /** An account at an address. Fifteen guesses, then four an hour; silence of six hours gains nothing over that. */
  readonly pair: FailurePolicy
  /** An account at all addresses that are not known good: guessing from many machines. At most about one a minute. */
  readonly account: FailurePolicy
  /**
   * An address at all accounts: one password tried on many. Wide, because a whole office may share an address; and
   * common passwords, the ones worth trying on many accounts, are refused at registration.
   */
  readonly address: FailurePolicy
}

const POLICIES: LoginPolicies = {
  pair: { free: 5, mostSeconds: 900, forgetSeconds: 6 * 3600 },
  account: { free: 100, mostSeconds: 60, leakSeconds: 60 },
  address: { free: 500, mostSeconds: 60, leakSeconds: 60 },
}

export function createLoginThrottle(
  db: Database,
  { key, policies: given, onFallback }: ThrottleOptions,
): LoginThrottle {
  const policies = { ...POLICIES, ...given }
  const local = createLocalFailures()

  /** undefined when the database cannot do it now. */
  const unlessOutage = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work
    } catch (error) {
      if (!isOutage(error)) throw error
      onFallback?.(error)
      return undefined
    }
  }

  /** Throws while a block is on. Strangers have no say at an address that is known good. */
  const refuseBlocked = async (keys: LoginKeys) => {
    const state = await unlessOutage(readLoginState(db, keys))
    const isKnown = state?.is_known ?? false
    const wait = Math.max(state?.pair_wait ?? 0, isKnown ? 0 : (state?.strangers_wait ?? 0), local.wait(keys, isKnown))
    if (wait > 0) throw tooManyAttempts(wait)
    return { isKnown, isFresh: state?.is_fresh ?? false, hasFailures: state?.has_failures ?? false }
  }

  const succeed = async (keys: LoginKeys): Promise<void> => {
    const { isKnown, isFresh, hasFailures } = await refuseBlocked(keys)
    local.forget(keys.pair)
    if (hasFailures) await unlessOutage(forgetFailures(db, keys.pair))
    if (!isFresh) await unlessOutage(rememberAddress(db, keys, isKnown))
  }

  const fail = async (keys: LoginKeys, isKnown: boolean): Promise<void> => {
    const localWait = local.wait(keys, isKnown)
    const inDatabase = await unlessOutage(countFailures(db, keys, policies, isKnown))
    const outcomes = inDatabase ?? local.count(keys, policies, isKnown)
    const waits = outcomes.flatMap(({ was_blocked, wait }) => (was_blocked ? [wait] : []))
    const wait = Math.max(localWait, ...waits)
    if (wait > 0) throw tooManyAttempts(wait)
  }

  return {
    attempt: async (accountKey, address) => {
      const keys = loginKeys(key, accountKey, address)
      const { isKnown } = await refuseBlocked(keys)
      return { settle: (matched) => (matched ? succeed(keys) : fail(keys, isKnown)) }
    },
    forget: async (accountKey) => {
      await unlessOutage(forgetAccount(db, loginKeys(key, accountKey, '').account))
    },
  }
}

/** The counters that one login touches. */
function loginKeys(secret: Uint8Array, accountKey: string, group: string): LoginKeys {
  const digest = (kind: string, ...parts: readonly string[]) =>
    createHmac('sha256', secret)
      .update([kind, ...parts].join('\0'))
      .digest()
  return {
    pair: digest('pair', accountKey, group),
    account: digest('account', accountKey),
    address: digest('address', group),
  }
}

function tooManyAttempts(waitSeconds: number): Problem {
  const headers = { 'Retry-After': Math.max(1, Math.ceil(waitSeconds)) }
  return new Problem('too-many-attempts', 'Too many logins have failed. Wait before you try again.', { headers })
}
