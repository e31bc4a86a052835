import { readEpoch, renewEpoch } from '../changes/core/epoch.ts'
import { accountCommands } from './account-commands.ts'
import { type Command, options } from './command.ts'
import { overviewCommands } from './overview-commands.ts'

const commands: Readonly<Record<string, Command>> = {
  ...accountCommands,
  ...overviewCommands,
  'new-feed-epoch': {
    parameters: [],
    help: 'Makes all sync clients start again. Run it after you restored a file-system snapshot, or only data.',
    run: async ({ db, output }) => {
      await renewEpoch(db)
      const text = 'a new epoch has begun; every sync client starts again'
      await output.tell({ epoch: await readEpoch(db) }, [text])
    },
  },
}
export const commandNames: readonly string[] = Object.keys(commands)

export function commandNamed(name: string): Command | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined
}

const EXIT_CODES = {
  0: 'done',
  1: 'not done, for the reason on standard error: no such account, or the database cannot be reached',
  2: 'wrong command, argument, option or settings; nothing was tried',
}

export function helpText(): string {
  return [
    'Usage: npm run admin -- <command>',
    '',
    'Manages the accounts and the change feed of the server that has the same settings; the server may keep running.',
    '',
    ...Object.entries(commands).map(([name, { parameters, optional = [], help }]) =>
      row([name, ...parameters, ...optional.map((text) => `[${text}]`)].join(' '), help),
    ),
    '',
    'Options:',
    ...Object.entries(options).map(([name, option]) =>
      row(`--${name}${'value' in option ? ` ${option.value}` : ''}`, option.help),
    ),
    '',
    'Exit codes:',
    ...Object.entries(EXIT_CODES).map(([code, meaning]) => row(code, meaning)),
  ].join('\n')
}

function row(name: string, help: string): string {
  return `  ${name.padEnd(28)}${help}`
}

/** The same for programs. */
export function helpDocument(): object {
  return {
    commands: Object.entries(commands).map(([name, { parameters, optional = [], options: own = [], help }]) => {
      return { name, parameters, optional, options: [...own, 'json', 'help'], help }
    }),
    options,
    exit_codes: EXIT_CODES,
  }
}
