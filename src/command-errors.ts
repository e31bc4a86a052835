import { isOutage, isRefusedLogin, reasonOf } from './db/pg-errors.ts'
import { StartupError } from './startup-error.ts'

/** The command cannot be carried out, and nothing was changed. The operator sees why. */
export class Refusal extends Error {}
/** The command line is wrong. */
export class UsageError extends Error {}

/** The exit code of a command that failed, and the lines that it prints: 1 not done, 2 wrong usage or settings. */
export function explainFailure(
  error: unknown,
  {
    name,
    outage = '',
  }: { readonly name: string; /** Added to what is said of a database that is away. */ readonly outage?: string },
): readonly [code: number, lines: readonly string[]] {
  if (error instanceof Refusal) return [1, [error.message]]
  if (error instanceof StartupError) return [2, error.lines]
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS'))
    return [2, [`${reasonOf(error)}; try npm run ${name} -- --help`]]
  if (isOutage(error) && !isRefusedLogin(error))
    return [1, [`the database is not reachable (${reasonOf(error)})${outage}`]]
  return [1, [reasonOf(error)]]
}
