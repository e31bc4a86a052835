/**
 * A reason not to start that the operator can fix. `main` prints each line and exits with 1; every line names the
 * setting to change.
 */
export class StartupError extends Error {
  readonly lines: readonly string[]

  constructor(...lines: readonly string[]) {
    super(lines.join('\n'))
    this.name = 'StartupError'
    this.lines = lines
  }
}
