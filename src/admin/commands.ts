import { randomBytes } from 'node:crypto'
import { canonicalEmail } from '../email-address.ts'
import { type Account, findAccountByEmail, insertAccount } from '../auth/account/accounts.ts'
import { listAccounts, resetPassword, revokeSessions, setActive } from '../auth/operator.ts'
import { hashPassword } from '../auth/password/passwords.ts'
import { renewEpoch } from '../changes/core/epoch.ts'
import { at, loadDocument } from '../contract/document/document.ts'
import { requestSchemas } from '../contract/document/schemas.ts'
import type { Database } from '../db/database.ts'

/** The command cannot be carried out; the operator sees why. */
export class Refusal extends Error {}
/** The command line is wrong. */
export class UsageError extends Error {}

interface CommandContext {
  readonly db: Database
  readonly print: (text: string) => void
}

interface Command {
  readonly parameters: readonly string[]
  readonly help: string
  readonly run: (context: CommandContext, argument: string) => Promise<void>
}

const PAGE = 500

export const commands = {
  'create-user': {
    parameters: ['EMAIL'],
    help: 'Creates an account and prints its password, once. Works even while registration is closed.',
    run: async ({ db, print }, text) => {
      const email = readEmail(text)
      const password = makePassword()
      const made = { type: 'operator_created_account', address: undefined } as const
      const account = await insertAccount(db, { email, passwordHash: await hashPassword(password) }, made)
      if (account === undefined) throw new Refusal(`an account ${email} already exists`)
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
      print(`reset the password of ${account.email}; its sessions were ended and its API keys deleted`)
      print(`password: ${password}`)
    },
  },
  'disable-user': {
    parameters: ['EMAIL'],
    help: 'Locks an account at once and ends its sessions. Deletes nothing.',
    run: async ({ db, print }, email) => {
      const account = await findOrRefuse(db, email)
      const hasChanged = await setActive(db, account.id, false)
      print(hasChanged ? `disabled ${account.email}` : `${account.email} was already disabled`)
    },
  },
  'enable-user': {
    parameters: ['EMAIL'],
    help: 'Unlocks a disabled account; its API keys work again too.',
    run: async ({ db, print }, email) => {
      const account = await findOrRefuse(db, email)
      const hasChanged = await setActive(db, account.id, true)
      print(hasChanged ? `enabled ${account.email}` : `${account.email} was already enabled`)
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
    help: 'Makes all sync clients start again. Run it after you restored a file-system snapshot, or only data.',
    run: async ({ db, print }) => {
      await renewEpoch(db)
      print('a new epoch has begun; every sync client starts again')
    },
  },
  'list-users': {
    parameters: [],
    help: 'Lists the accounts, oldest first: state, sessions, API keys, creation date, e-mail; separated by tabs.',
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
    'Manages the accounts and the change feed of the server that has the same settings; the server may keep running.',
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

/** Checked against the contract, as at registration: replies have to satisfy it too. */
function readEmail(text: string): string {
  const email = canonicalEmail(text) ?? ''
  const { root } = loadDocument()
  const place = at(root, { pointer: '', value: root }, 'components', 'schemas', 'UserCreate', 'properties', 'email')
  if (!requestSchemas(root).compile(place)(email))
    throw new UsageError('EMAIL must be an address such as user@example.com')
  return email
}

/** 144 random bits, for the operator to hand over and the user to change. */
function makePassword(): string {
  return randomBytes(18).toString('base64url')
}
