import { v7 as uuidv7 } from 'uuid'
import type { Client } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { type FieldError, validationFailed } from '../../http/problem.ts'
import type { FairGate } from '../../scheduling/fair-gate.ts'
import { emailKey } from '../../email-address.ts'
import { type Account, findAccount, findAccountByEmail } from '../account/accounts.ts'
import { accountGone } from '../../http/unauthorized.ts'
import { recordFailedLogin } from '../events.ts'
import type { LoginThrottle } from '../throttle/login-throttle.ts'
import { isCommonPassword } from './common-passwords.ts'
import { hashPassword, isWeakHash, type PasswordCost, verifyPassword } from './passwords.ts'

export interface PasswordDeps {
  readonly db: Database
  readonly hashGate: FairGate
  readonly loginThrottle: LoginThrottle
  readonly passwordMinLength: number
  readonly passwordCost: PasswordCost
}

/** The request that needs a hash: clients share the gate fairly, and an aborted request leaves its queue. */
export interface RequestOrigin {
  readonly client: Client
  readonly signal: AbortSignal
}

/**
 * Everything that computes a hash. Each hash passes the gate, so that a flood of them leaves threads for other
 * requests. A request gets a 503 if the gate is full, if its wait is too long, or if it is aborted while it waits.
 */
export interface PasswordCheck {
  /**
   * The account with this e-mail, if it may log in with this password. An unknown e-mail, a wrong password and a
   * disabled account take the same time and count as the same failure. Throws a 429 after too many failures.
   */
  readonly findMatching: (email: string, password: string, origin: RequestOrigin) => Promise<Account | undefined>
  /** Checks the password of a logged-in user again. Returns the account as it was when its password was checked. */
  readonly confirm: (userId: string, password: string, origin: RequestOrigin) => Promise<Account>
  /** The hash of a new password. Throws a 422 for one that is too short or too common. */
  readonly hashNew: (password: string, field: string, origin: RequestOrigin) => Promise<string>
  /** Like hashNew, but returns undefined and computes no hash if the e-mail is taken by then. */
  readonly hashForNewAccount: (email: string, password: string, origin: RequestOrigin) => Promise<string | undefined>
  /** A hash with today's parameters if the stored one is weaker, otherwise undefined. */
  readonly rehashIfWeak: (stored: string, password: string, origin: RequestOrigin) => Promise<string | undefined>
  /** Deletes what the login throttle stores about an account; for an account that was deleted. */
  readonly forget: (account: Account) => Promise<void>
}

export async function createPasswordCheck(deps: PasswordDeps): Promise<PasswordCheck> {
  const { db, hashGate, loginThrottle, passwordMinLength, passwordCost } = deps
  const hash = (password: string): Promise<string> => hashPassword(password, passwordCost)
  /** Checked for an unknown e-mail, so that it takes as long as a known one. */
  const decoyHash = await hash(uuidv7())

  const atGate = <T>({ client, signal }: RequestOrigin, work: () => Promise<T>): Promise<T> =>
    hashGate.run(work, { key: client.address, signal })

  const findMatching: PasswordCheck['findMatching'] = async (email, password, origin) => {
    const { address } = origin.client
    const attempt = await loginThrottle.attempt(emailKey(email), address)
    const account = await findAccountByEmail(db, email)
    const isRight = await atGate(origin, () => verifyPassword(account?.password_hash ?? decoyHash, password))
    // From here on the signal is ignored: a failure counts even if its client has left.
    const isGood = account !== undefined && account.is_active && isRight
    if (!isGood) await recordFailedLogin(db, emailKey(email), address)
    await attempt.settle(isGood)
    return isGood ? account : undefined
  }

  return {
    findMatching,
    confirm: async (userId, password, origin) => {
      const account = await findAccount(db, userId)
      if (account === undefined) throw accountGone()
      const checked = await findMatching(account.email, password, origin)
      if (checked?.id !== userId) throw wrongPassword()
      return checked
    },
    hashForNewAccount: async (email, password, origin) => {
      refuseUnfit(password, 'password', passwordMinLength)
      // Checked inside the gate: of many parallel requests for one e-mail, only the first few compute a hash.
      const isFree = async (): Promise<boolean> => (await findAccountByEmail(db, email)) === undefined
      return atGate(origin, async () => ((await isFree()) ? hash(password) : undefined))
    },
    hashNew: async (password, field, origin) => {
      refuseUnfit(password, field, passwordMinLength)
      return atGate(origin, () => hash(password))
    },
    rehashIfWeak: async (stored, password, origin) =>
      isWeakHash(stored, passwordCost) ? atGate(origin, () => hash(password)) : undefined,
    forget: ({ email }) => loginThrottle.forget(emailKey(email)),
  }
}

/** Not a 401: the credential of the request is valid, and a client should not discard it. */
export function wrongPassword(): Error {
  const msg = 'Is not the current password.'
  return validationFailed([
    { loc: ['body', 'current_password'], pointer: '/current_password', msg, type: 'password_wrong' },
  ])
}

function refuseUnfit(password: string, field: string, minLength: number): void {
  const errors = fieldErrors(password, field, minLength)
  if (errors.length > 0) throw validationFailed(errors)
}

/** What the schema cannot express: the operator's minimum length, and the list of common passwords. */
function fieldErrors(password: string, field: string, minLength: number): FieldError[] {
  const place = { loc: ['body', field], pointer: `/${field}` }
  if (Array.from(password).length < minLength) {
    return [{ ...place, msg: `Must have at least ${minLength} characters.`, type: 'string_too_short' }]
  }
  if (isCommonPassword(password)) {
    const msg = 'Is one of the passwords that are tried first. Choose another one.'
    return [{ ...place, msg, type: 'password_too_common' }]
  }
  return []
}
