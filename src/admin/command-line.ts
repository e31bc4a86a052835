import { parseArgs } from 'node:util'
import { nearest } from '../contract/request/nearest.ts'
import { UsageError } from '../command-errors.ts'
import { type Command, type Given, type OptionName, options } from './command.ts'
import { commandNamed, commandNames } from './commands.ts'

export interface CommandLine extends Given {
  /** undefined: help. */
  readonly command: Command | undefined
}

/** Reads the arguments of the process. Nothing is guessed: a name that is nearly right is suggested, not taken. */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(
        Object.entries(options).map(([name, option]) => [name, { type: 'value' in option ? 'string' : 'boolean' }]),
      ),
      help: { type: 'boolean', short: 'h' },
    },
  })
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  const given: Partial<Record<OptionName, string>> = {}
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const name = readOption(token)
    if (given[name] !== undefined) throw new UsageError(`--${name} is there twice`)
    given[name] = token.value ?? ''
  }
  const [name = 'help', ...args] = words
  const command = commandNamed(name)
  if (given.help !== undefined || name === 'help') {
    if (name === 'help' && args.length > 0) throw new UsageError('help takes no arguments')
    return { command: undefined, args: [], options: given }
  }
  if (command === undefined) throw new UsageError(`there is no command ${name}${suggestion(name, commandNames)}`)
  checkArguments(name, command, args)
  const alien = Object.keys(given).find(
    (option) => option !== 'json' && !command.options?.some((own) => own === option),
  )
  if (alien !== undefined) throw new UsageError(`${name} has no option --${alien}`)
  return { command, args, options: given }
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
}

function readOption({ name, rawName, value }: OptionToken): OptionName {
  if (!isOption(name))
    throw new UsageError(`Unknown option '${rawName}'${suggestion(name, Object.keys(options), '--')}`)
  const option = options[name]
  if ('value' in option) {
    if (value === undefined || value === '')
      throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`)
  } else if (value !== undefined) throw new UsageError(`${rawName} takes no value`)
  return name
}

function checkArguments(name: string, { parameters, optional = [] }: Command, args: readonly string[]): void {
  if (args.length >= parameters.length && args.length <= parameters.length + optional.length) return
  const all = [...parameters, ...optional.map((text) => `[${text}]`)]
  throw new UsageError(`${name} takes ${all.length === 0 ? 'no arguments' : all.join(' ')}`)
}

function suggestion(given: string, known: readonly string[], prefix = ''): string {
  const meant = nearest(given, known)
  return meant === undefined ? '' : ` (did you mean ${prefix}${meant}?)`
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(options, name)
}
