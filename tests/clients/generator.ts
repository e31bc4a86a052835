/** A generator for `npm run clients:check`. Each has a directory here with this, its settings and a round trip. */
export interface Generator {
  /** Also the name of its directory and of its row in docs/clients.md. */
  readonly name: string
  readonly language: string
  /** Pinned. The row in docs/clients.md must have the same, or the check does not begin. */
  readonly version: string
  /** The commands it needs. If one is missing, the generator is not run, and never counted as passed. */
  readonly needs: readonly Need[]
  /** Each returns on success and otherwise throws an error with the output. */
  readonly steps: Steps
}

export interface Need {
  /** Its name in a sentence; by default, the command. */
  readonly name?: string
  readonly command: string
  /** The arguments that show whether it is present; must exit with 0. By default `--version`. */
  readonly args?: readonly string[]
  /** The oldest version that works. The first number with a dot in the output is taken for the version. */
  readonly atLeast?: string
}

export const STEPS = ['install', 'generate', 'compile', 'roundTrip'] as const
export type Step = (typeof STEPS)[number]

/** Downloads from registries belong to `install`, so that the times of the other steps can be compared. */
export type Steps = Readonly<Record<Exclude<Step, 'install'>, Work> & Partial<Record<'install', Work>>>
export type Work = (context: Context) => Promise<unknown>

export interface Context {
  /** The path of openapi.yaml. */
  readonly contract: string
  /** The generator's directory in the repository: settings and the round trip. Nothing is written there. */
  readonly source: string
  /** A scratch directory, empty when `install` begins, and kept for inspection when a step fails. */
  readonly directory: string
  /** Kept from one run to the next, and shared by the generators of a language: packages, build caches. */
  readonly cache: string
  /** The server under test, without a slash at the end. */
  readonly serverUrl: string
  /** Runs a command and returns its output. Throws when it fails or takes too long, or on Ctrl-C. */
  readonly run: Run
}

export type Run = (command: string, args: readonly string[], options?: RunOptions) => Promise<string>

export interface RunOptions {
  /** By default, the scratch directory. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** By default, 600. */
  readonly seconds?: number
}
