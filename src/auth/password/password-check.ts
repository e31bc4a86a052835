import { v7 as uuidv7 } from 'uuid'
import type { Client } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { type FieldError, validationFailed } from '../../http/problem.ts'
import type { FairGate } from '../../scheduling/fair-gate.ts'
import { type Account, emailKey, findAccount, findAccountByEmail } from '../account/accounts.ts'
import { accountGone } from '../bearer.ts'
import { isCommonPassword } from './common-passwords.ts'
import { recordFailedLogin } from '../events.ts'
import type { LoginThrottle } from '../throttle/login-throttle.ts'
import { hashPassword, isWeakHash, type PasswordCost, verifyPassword } from './passwords.ts'

export interface PasswordDeps {
  readonly db: Database
  readonly hashGate: FairGate
  readonly loginThrottle: LoginThrottle
  readonly passwordMinLength: number
  readonly passwordCost: PasswordCost
}

/** Everything that costs a hash. Each waits its turn at the gate, so that a flood leaves threads for everybody else. */
export interface PasswordCheck {
  /**
   * The account of this e-mail, if it may log in with this password. An unknown e-mail, a wrong password and a disabled
   * account cost the same and count as failures alike. Throws a 429 while there were too many, and a 503 when the gate is
   * full.
   */
  readonly findMatching: (email: string, password: string, client: Client) => Promise<Account | undefined>
  /** Asks again for the password of somebody who is logged in; answers the account that it was checked against. */
  readonly prove: (userId: string, password: string, client: Client) => Promise<Account>
  /** The hash of a new password. Throws a 422 for one that is too short or too common. */
  readonly hashNew: (password: string, field: string, client: Client) => Promise<string>
  /** As above, for a new account; undefined, and no hash computed, when its address turns out to be taken by then. */
  readonly hashForNewcomer: (email: string, password: string, client: Client) => Promise<string | undefined>
  /** A hash of today's cost in place of one that costs less; undefined when the stored one is good. */
  readonly strengthen: (stored: string, password: string, client: Client) => Promise<string | undefined>
  /** Forgets what is kept to guard the login of an account that was deleted. */
  readonly forget: (account: Account) => Promise<void>
}

export async function createPasswordCheck(deps: PasswordDeps): Promise<PasswordCheck> {
  const { db, hashGate, loginThrottle, passwordMinLength, passwordCost } = deps
  const hash = (password: string): Promise<string> => hashPassword(password, passwordCost)
  const nobodysHash = await hash(uuidv7())

  const findMatching: PasswordCheck['findMatching'] = async (email, password, client) => {
    const attempt = await loginThrottle.attempt(emailKey(email), client.address)
    const account = await findAccountByEmail(db, email)
    const isRight = await hashGate.run(() => verifyPassword(account?.password_hash ?? nobodysHash, password), {
      key: client.address,
    })
    const isGood = account !== undefined && account.is_active && isRight
    if (!isGood) await recordFailedLogin(db, emailKey(email), client.address)
    await attempt.settle(isGood)
    return isGood ? account : undefined
  }

  return {
    findMatching,
    prove: async (userId, password, client) => {
      const account = await findAccount(db, userId)
      if (account === undefined) throw accountGone()
      const checked = await findMatching(account.email, password, client)
      if (checked?.id !== userId) throw wrongPassword()
      return checked
    },
    hashForNewcomer: async (email, password, client) => {
      refuseUnfit(password, 'password', passwordMinLength)
      // Asked when its turn has come: of many who want one address at once, only the first ones cost a hash.
      const isFree = async (): Promise<boolean> => (await findAccountByEmail(db, email)) === undefined
      return hashGate.run(async () => ((await isFree()) ? hash(password) : undefined), { key: client.address })
    },
    hashNew: async (password, field, client) => {
      refuseUnfit(password, field, passwordMinLength)
      return hashGate.run(() => hash(password), { key: client.address })
    },
    forget: ({ email }) => loginThrottle.forget(emailKey(email)),
    strengthen: async (stored, password, client) =>
      isWeakHash(stored, passwordCost) ? hashGate.run(() => hash(password), { key: client.address }) : undefined,
  }
}

/** Not a 401: the credential of the request is good, and a client should not throw it away. */
export function wrongPassword(): Error {
  const msg = 'Is not the current password.'
  return validationFailed([
    { loc: ['body', 'current_password'], pointer: '/current_password', msg, type: 'password_wrong' },
  ])
}

function refuseUnfit(password: string, field: string, minLength: number): void {
  const faults = faultsOf(password, field, minLength)
  if (faults.length > 0) throw validationFailed(faults)
}

/** What the contract cannot say: a floor that the operator raised, and the list of common passwords. */
function faultsOf(password: string, field: string, minLength: number): FieldError[] {
  const place = { loc: ['body', field], pointer: `/${field}` }
  if (Array.from(password).length < minLength) {
    return [{ ...place, msg: `Must have at least ${minLength} characters.`, type: 'string_too_short' }]
  }
  if (isCommonPassword(password)) {
    return [
      {
        ...place,
        msg: 'Is one of the passwords that are tried first. Choose another one.',
        type: 'password_too_common',
      },
    ]
  }
  return []
}
