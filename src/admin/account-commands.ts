import { randomBytes } from 'node:crypto'
import { findAccountByEmail, insertAccount } from '../auth/account/accounts.ts'
import { eraseUser, resetPassword, revokeSessions, setActive } from '../auth/operator.ts'
import { hashPassword } from '../auth/password/passwords.ts'
import { at, loadDocument } from '../contract/document/document.ts'
import { requestSchemas } from '../contract/document/schemas.ts'
import { canonicalEmail, emailKey } from '../email-address.ts'
import { Refusal, UsageError } from '../command-errors.ts'
import { type Command, type CommandContext, findOrRefuse } from './command.ts'

export const accountCommands = {
  'create-user': {
    parameters: ['EMAIL'],
    help: 'Creates an account and prints its password, once. Works even while registration is closed.',
    run: async ({ db, output }, { args: [text = ''] }) => {
      const given = readEmail(text)
      const password = makePassword()
      const made = { type: 'operator_created_account', address: undefined } as const
      const account = await insertAccount(db, { email: given, passwordHash: await hashPassword(password) }, made)
      if (account === undefined) throw new Refusal(`an account ${given} already exists`)
      const { email } = account
      await output.tell({ email, password }, [`created ${email}`, `password: ${password}`])
    },
  },
  'reset-password': {
    parameters: ['EMAIL'],
    help: 'Sets a new password and prints it, once. Ends all sessions and deletes all API keys of the account.',
    run: async (context, { args: [text = ''] }) => {
      const { id, email } = await findOrRefuse(context, text)
      const password = makePassword()
      await resetPassword(context.db, id, await hashPassword(password))
      await context.output.tell({ email, password }, [
        `reset the password of ${email}; its sessions were ended and its API keys deleted`,
        `password: ${password}`,
      ])
    },
  },
  'disable-user': {
    parameters: ['EMAIL'],
    help: 'Locks an account at once and ends its sessions. Deletes nothing.',
    run: (context, { args: [text = ''] }) => switchAccount(context, text, false),
  },
  'enable-user': {
    parameters: ['EMAIL'],
    help: 'Unlocks a disabled account; its API keys work again too.',
    run: (context, { args: [text = ''] }) => switchAccount(context, text, true),
  },
  'revoke-sessions': {
    parameters: ['EMAIL'],
    help: 'Logs an account out everywhere. Its password and API keys stay.',
    run: async (context, { args: [text = ''] }) => {
      const { id, email } = await findOrRefuse(context, text)
      const sessions = await revokeSessions(context.db, id)
      await context.output.tell({ email, sessions }, [`ended ${sessions} sessions of ${email}`])
    },
  },
  'delete-user': {
    parameters: ['EMAIL'],
    optional: ['EMAIL'],
    options: ['yes'],
    help: 'Erases an account with all its notes, for ever. Repeat the e-mail, or add --yes. Done too if there is none.',
    run: async ({ db, output, secretKey }, { args: [text = '', repeated], options: { yes } }) => {
      if (repeated !== undefined && emailKey(repeated) !== emailKey(text))
        throw new UsageError('the two e-mails differ')
      if (repeated === undefined && yes === undefined)
        throw new UsageError('delete-user erases for ever: repeat the e-mail, or add --yes')
      const account = await findAccountByEmail(db, text)
      const isDeleted = account !== undefined && (await eraseUser(db, account, await secretKey()))
      const email = account?.email ?? text
      await output.tell({ email, deleted: isDeleted }, [
        isDeleted ? `deleted ${email} and everything of it` : `there is no account ${email}; nothing was deleted`,
      ])
    },
  },
} as const satisfies Record<string, Command>

async function switchAccount(context: CommandContext, text: string, isActive: boolean): Promise<void> {
  const { id, email } = await findOrRefuse(context, text)
  const hasChanged = await setActive(context.db, id, isActive)
  const done = isActive ? 'enabled' : 'disabled'
  await context.output.tell({ email, is_active: isActive, changed: hasChanged }, [
    hasChanged ? `${done} ${email}` : `${email} was already ${done}`,
  ])
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
