/**
 * A reason not to start that the operator can act on. `main` prints each line once and exits with 1;
 * every line names the setting that mends it.
 */
export class StartupError extends Error {
  readonly lines: readonly string[]

  constructor(...lines: readonly string[]) {
    super(lines.join('\n'))
    this.name = 'StartupError'
    this.lines = lines
  }
}
