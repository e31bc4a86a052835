import { Refusal } from '../command-errors.ts'
import type { Database } from '../db/database.ts'
import { type Account, findAccountByEmail } from '../auth/account/accounts.ts'
import type { Output } from './output.ts'

export interface CommandContext {
  readonly db: Database
  readonly output: Output
  /** That of the server. */
  readonly secretKey: () => Promise<string>
}

/** What was written after the name of a command. */
export interface Given {
  /** As many as the command has parameters; one that was left out is missing. */
  readonly args: readonly string[]
  readonly options: Readonly<Partial<Record<OptionName, string>>>
}

export interface Command {
  readonly parameters: readonly string[]
  /** Parameters that may be left out, after the others. */
  readonly optional?: readonly string[]
  /** Besides `--json` and `--help`, which every command has. */
  readonly options?: readonly OptionName[]
  readonly help: string
  readonly run: (context: CommandContext, given: Given) => Promise<void>
}

interface Option {
  /** What stands for its value, if it has one. */
  readonly value?: string
  readonly help: string
}

export const options = {
  json: { help: 'Prints one JSON document. Errors are still lines, on standard error.' },
  yes: { help: 'With delete-user: does not ask for the e-mail again.' },
  sort: { value: 'ORDER', help: 'With usage: by bytes (the default), notes, activity or email.' },
  limit: { value: 'NUMBER', help: 'With usage: only the first ones.' },
  help: { help: 'Prints this.' },
} as const satisfies Record<string, Option>
export type OptionName = keyof typeof options

export async function findOrRefuse({ db }: CommandContext, email: string): Promise<Account> {
  const account = await findAccountByEmail(db, email)
  if (account === undefined) throw new Refusal(`there is no account ${email}`)
  return account
}
