import type { Verdict } from './judge.ts'

/** One fault, as the table of promises names it. */
export interface Row {
  readonly fault: string
  /** What has to hold, in one line. */
  readonly promised: string
  /** Causes the fault and says what was measured; undefined where the machine cannot cause it. */
  readonly run: () => Promise<Finding | NotRun>
}

export interface Finding {
  readonly measured: readonly string[]
  /** What did not hold; empty if all did. */
  readonly broken: readonly string[]
  /** What the traffic saw, if there was traffic. */
  readonly verdict?: Verdict
}

export interface NotRun {
  readonly notRun: string
}

/** Gathers what does not hold. */
export function findings() {
  const broken: string[] = []
  return {
    broken,
    expect: (holds: boolean, what: string): void => {
      if (!holds) broken.push(what)
    },
  }
}
