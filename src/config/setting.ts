import type { Reader } from './readers.ts'

export interface Setting {
  /** In the environment. */
  readonly name: string
  /** In `Config`. */
  readonly field: string
  /** As an operator would write it; empty when there is none. */
  readonly fallback: string
  /** Also says which values the setting accepts. */
  readonly reader: Reader<unknown>
  /** Blanks and quotation marks around the text are part of it. */
  readonly isVerbatim?: boolean
  /** What the setting does. */
  readonly help: string
}
