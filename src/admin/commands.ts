import { randomBytes } from 'node:crypto'
import { type Account, findAccountByEmail, insertAccount } from '../auth/account/accounts.ts'
import { listAccounts, resetPassword, revokeSessions, setActive } from '../auth/operator.ts'
import { hashPassword } from '../auth/password/passwords.ts'
import { renewEpoch } from '../changes/core/epoch.ts'
import { at, loadDocument } from '../contract/document/document.ts'
import { requestSchemas } from '../contract/document/schemas.ts'
import type { Database } from '../db/database.ts'

/** Something that cannot be done; told to the operator. */
export class Refusal extends Error {}
/** Something that was asked for in a wrong way. */
export class UsageFault extends Error {}

interface Desk {
  readonly db: Database
  readonly print: (text: string) => void
}

interface Command {
  readonly parameters: readonly string[]
  readonly help: string
  readonly run: (desk: Desk, argument: string) => Promise<void>
}

const PAGE = 500

export const commands = {
  'create-user': {
    parameters: ['EMAIL'],
    help: 'Creates an account and prints its password, once. Works also while registration is closed.',
    run: async ({ db, print }, email) => {
      if (!isEmail(email)) throw new UsageFault('EMAIL must be an address such as user@example.com')
      const password = makePassword()
      const made = { type: 'operator_created_account', address: undefined } as const
      const account = await insertAccount(db, { email, passwordHash: await hashPassword(password) }, made)
      if (account === undefined) throw new Refusal(`there is an account ${email} already`)
      print(`created ${account.email}`)
      print(`password: ${password}`)
    },
  },
  'reset-password': {
    parameters: ['EMAIL'],
    help: 'Sets a new password and prints it, once. Ends all sessions and deletes all API keys of the account.',
    run: async ({ db, print }, email) => {
      const account = await findOrRefuse(db, email)
      const password = makePassword()
      await resetPassword(db, account.id, await hashPassword(password))
      print(`reset the password of ${account.email}; its sessions and API keys are gone`)
      print(`password: ${password}`)
    },
  },
  'disable-user': {
    parameters: ['EMAIL'],
    help: 'Locks an account out at once and ends its sessions. Nothing is deleted.',
    run: async ({ db, print }, email) => {
      const account = await findOrRefuse(db, email)
      const isNew = await setActive(db, account.id, false)
      print(isNew ? `disabled ${account.email}` : `${account.email} was disabled already`)
    },
  },
  'enable-user': {
    parameters: ['EMAIL'],
    help: 'Lets a disabled account log in again; its API keys work again too.',
    run: async ({ db, print }, email) => {
      const account = await findOrRefuse(db, email)
      const isNew = await setActive(db, account.id, true)
      print(isNew ? `enabled ${account.email}` : `${account.email} was enabled already`)
    },
  },
  'revoke-sessions': {
    parameters: ['EMAIL'],
    help: 'Logs an account out everywhere. Its password and API keys stay.',
    run: async ({ db, print }, email) => {
      const account = await findOrRefuse(db, email)
      print(`ended ${await revokeSessions(db, account.id)} sessions of ${account.email}`)
    },
  },
  'new-feed-epoch': {
    parameters: [],
    help: 'Makes all sync clients start again; run it after you restored the database from a file-system snapshot.',
    run: async ({ db, print }) => {
      await renewEpoch(db)
      print('a new epoch has begun; every sync client starts again')
    },
  },
  'list-users': {
    parameters: [],
    help: 'Lists the accounts, oldest first: state, sessions, API keys, since when, e-mail; separated by tabs.',
    run: async ({ db, print }) => {
      let after: string | undefined
      do {
        const page = await listAccounts(db, { after, limit: PAGE })
        if (after === undefined) print('STATE\tSESSIONS\tKEYS\tSINCE\tEMAIL')
        for (const { is_active, sessions, api_keys, created_at, email } of page) {
          print([is_active ? 'active' : 'disabled', sessions, api_keys, created_at.slice(0, 10), email].join('\t'))
        }
        after = page.length < PAGE ? undefined : page.at(-1)?.id
      } while (after !== undefined)
    },
  },
} as const satisfies Record<string, Command>

export function helpText(): string {
  const lines = Object.entries(commands).map(
    ([name, { parameters, help }]) => `  ${[name, ...parameters].join(' ').padEnd(24)}${help}`,
  )
  return [
    'Usage: npm run admin -- <command>',
    '',
    'Manages the accounts of the server with the same settings; the server may run meanwhile.',
    '',
    ...lines,
    '',
    'Exit code: 0 done, 1 not done, 2 wrong command or settings.',
  ].join('\n')
}

async function findOrRefuse(db: Database, email: string): Promise<Account> {
  const account = await findAccountByEmail(db, email)
  if (account === undefined) throw new Refusal(`there is no account ${email}`)
  return account
}

/** By the contract, as at registration: replies are held to it as well. */
function isEmail(text: string): boolean {
  const { root } = loadDocument()
  const place = at(root, { pointer: '', value: root }, 'components', 'schemas', 'UserCreate', 'properties', 'email')
  return requestSchemas(root).compile(place)(text)
}

/** 144 random bits, to be handed over and then changed. */
function makePassword(): string {
  return randomBytes(18).toString('base64url')
}
