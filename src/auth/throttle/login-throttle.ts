import { createHmac } from 'node:crypto'
import type { Database } from '../../db/database.ts'
import { isOutage } from '../../db/pg-errors.ts'
import { Problem } from '../../http/problem.ts'
import { deriveKey } from '../tokens.ts'
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
  shortenBlocks,
} from './login-failures.ts'

/** Slows the guessing of passwords, across restarts and all servers on one database. */
export interface LoginThrottle {
  /**
   * To be called before the password is hashed. Throws a 429 with Retry-After while the login is blocked, and counts
   * nothing then. `accountKey` is the result of `emailKey`, whether there is such an account or not; `address` is that
   * of a Client, so an IPv6 address is cut to its /64.
   */
  readonly attempt: (accountKey: string, address: string) => Promise<LoginAttempt>
  /** Deletes the known addresses of a deleted account, and its failures at unknown addresses. */
  readonly forget: (accountKey: string) => Promise<void>
}

export interface LoginAttempt {
  /**
   * To be called with the result of the hash, before the client learns it. Counts a failure; after a success the
   * address is known. Throws a 429, even for a correct password, if parallel failures have begun a block meanwhile: so
   * 50 parallel guesses reveal no more than five in sequence, and 50 parallel correct logins all succeed.
   *
   * An attempt without a hash (the gate was full, or the client left) needs no call.
   */
  readonly settle: (matched: boolean) => Promise<void>
}

interface ThrottleOptions {
  /** The key of the hashes that hide accounts and addresses in the database; the same on all replicas. */
  readonly key: Uint8Array
  /** Override the defaults. */
  readonly policies?: Partial<LoginPolicies>
  /** The database could not count, so this process counts on its own. */
  readonly onFallback?: (error: unknown) => void
}

interface LoginPolicies extends FailurePolicies {
  /** An account at an address. Fifteen guesses, then four an hour; a pause of six hours gains no more than that. */
  readonly pair: FailurePolicy
  /** An account at all addresses that are not known: guessing from many machines. About one guess a minute. */
  readonly account: FailurePolicy
  /**
   * An address at all accounts: one password tried on many. The limit is high, because a whole office may share an
   * address, and because common passwords, the ones worth trying on many accounts, are refused at registration.
   */
  readonly address: FailurePolicy
}

const POLICIES: LoginPolicies = {
  pair: { free: 5, maxSeconds: 900, forgetSeconds: 6 * 3600 },
  account: { free: 100, maxSeconds: 60, leakSeconds: 60 },
  address: { free: 500, maxSeconds: 60, leakSeconds: 60 },
}

export function loginThrottleKey(secretKey: string): Uint8Array {
  return deriveKey(secretKey, 'login-throttle')
}

export function createLoginThrottle(
  db: Database,
  { key, policies: given, onFallback }: ThrottleOptions,
): LoginThrottle {
  const policies = { ...POLICIES, ...given }
  const local = createLocalFailures()

  const unlessOutage = <T>(work: Promise<T>) => undefinedInOutage(work, onFallback)

  /** Never longer than a block can be, and what it says is true, even after the clock was set back. */
  const waitInDatabase = async (
    { is_known, pair_wait, shared_wait }: Awaited<ReturnType<typeof readLoginState>>,
    keys: LoginKeys,
  ): Promise<number> => {
    const waits = longestWaits(policies)
    const [pair, shared] = [pair_wait ?? 0, is_known ? 0 : (shared_wait ?? 0)]
    if (pair > waits.pair || shared > waits.shared) await unlessOutage(shortenBlocks(db, keys, policies))
    return Math.max(Math.min(pair, waits.pair), Math.min(shared, waits.shared))
  }

  /** Throws while the login is blocked. At a known address, only the failures of this account there block it. */
  const refuseBlocked = async (keys: LoginKeys) => {
    const state = await unlessOutage(readLoginState(db, keys))
    const isKnown = state?.is_known ?? false
    const inDatabase = state === undefined ? 0 : await waitInDatabase(state, keys)
    const wait = Math.max(inDatabase, local.wait(keys, isKnown))
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

/** undefined during an outage of the database. */
async function undefinedInOutage<T>(
  work: Promise<T>,
  onFallback: ThrottleOptions['onFallback'],
): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (!isOutage(error)) throw error
    onFallback?.(error)
    return undefined
  }
}

function longestWaits({ pair, account, address }: FailurePolicies): { pair: number; shared: number } {
  return { pair: pair.maxSeconds, shared: Math.max(account.maxSeconds, address.maxSeconds) }
}

/** The keys of the counters of one login. */
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
