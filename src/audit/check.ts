/** What a check found. It is one line for the operator. */
export interface Finding {
  /** The name of the check, for programs. */
  readonly check: string
  readonly result: 'pass' | 'fail' | 'not possible'
  readonly text: string
  /** What to do about it. */
  readonly remedy?: string
}

export function passed(check: string, text: string): Finding {
  return { check, result: 'pass', text }
}

export function failed(check: string, text: string, remedy: string): Finding {
  return { check, result: 'fail', text, remedy }
}

/** Neither good nor bad: this machine or this user cannot tell. */
export function notPossible(check: string, text: string, remedy: string): Finding {
  return { check, result: 'not possible', text, remedy }
}

export function lineOf({ result, text, remedy }: Finding): string {
  const mark = result === 'fail' ? 'FAIL' : result
  return `${mark.padEnd(14)}${text}${remedy === undefined ? '' : `; ${remedy}`}`
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}
