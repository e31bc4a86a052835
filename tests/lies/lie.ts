/** A false change of one file, and the gate that must turn red because of it. */
export interface Lie {
  readonly title: string
  /** Name of a gate in tests/lies/gates.ts. */
  readonly gate: string
  /** From the root of the project. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly from: string
  readonly to: string
}
