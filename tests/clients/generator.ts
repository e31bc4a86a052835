/** What `npm run clients:check` knows of a generator. Each has a directory here with this, its settings and a round trip. */
export interface Generator {
  /** Also the name of its directory and of its row in docs/clients.md. */
  readonly name: string
  readonly language: string
  /** Pinned. The row in docs/clients.md says the same, or the check does not begin. */
  readonly version: string
  /** What must be on this machine. If something is not, the generator is not run, and never counted as passed. */
  readonly needs: readonly Need[]
  /** Each returns after success and throws an error with the output otherwise. */
  readonly steps: Steps
}

export interface Need {
  /** What to call it in a sentence; the command when left out. */
  readonly name?: string
  readonly command: string
  /** How to ask whether it is there; must end with 0. `--version` when left out. */
  readonly args?: readonly string[]
  /** The oldest version that will do. The first number with a dot in the answer is taken for the version. */
  readonly atLeast?: string
}

export const STEPS = ['install', 'generate', 'compile', 'roundTrip'] as const
export type Step = (typeof STEPS)[number]

/** What is fetched from registries belongs to `install`, so that the seconds of the others can be compared. */
export type Steps = Readonly<Record<Exclude<Step, 'install'>, Work> & Partial<Record<'install', Work>>>
export type Work = (context: Context) => Promise<unknown>

export interface Context {
  /** The path of openapi.yaml. */
  readonly contract: string
  /** The generator's directory in the repository: settings and the round trip. Nothing is written there. */
  readonly source: string
  /** A scratch directory, empty when `install` begins, and left for whoever wants to look when a step fails. */
  readonly directory: string
  /** Kept from one run to the next, and shared by the generators of a language: packages, build caches. */
  readonly cache: string
  /** The server under test, without a slash at the end. */
  readonly serverUrl: string
  /** Runs a command to its end; answers what it wrote. Throws when it fails or takes too long, or on Ctrl-C. */
  readonly run: Run
}

export type Run = (command: string, args: readonly string[], options?: RunOptions) => Promise<string>

export interface RunOptions {
  /** The scratch directory when left out. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** 600 when left out. */
  readonly seconds?: number
}
