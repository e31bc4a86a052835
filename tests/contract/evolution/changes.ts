import { isDeepStrictEqual } from 'node:util'
/**
 * How much a change affects the users of the API. `security`: no client breaks, but an operation is less protected than
 * before, which must never happen unnoticed.
 */
export type Impact = 'major' | 'security' | 'minor' | 'patch'

const RANK: Readonly<Record<Impact, number>> = { patch: 0, minor: 1, security: 2, major: 3 }

/** One difference between two contracts, with all operations that it affects. */
export interface Change {
  readonly impact: Impact
  /** Rule and place, such as `request/maxLength /components/schemas/NoteCreate/properties/title`. */
  readonly id: string
  /** A description for people. */
  readonly text: string
  readonly operations: readonly string[]
  /** What the changelog must name: a field, a parameter, a status. */
  readonly names: readonly string[]
}

/** A change as it is found in one operation. The same change may be found in several. */
export interface Finding extends Omit<Change, 'operations'> {
  readonly operation?: string
}

export function mergeFindings(findings: readonly Finding[]): Change[] {
  const groups = [...Map.groupBy(findings, ({ id }) => id).values()]
  return groups.map((group) => {
    const [first] = group.toSorted((a, b) => RANK[b.impact] - RANK[a.impact])
    if (first === undefined) throw new Error('A group without a finding')
    const { operation: _, ...change } = first
    return { ...change, operations: [...new Set(group.flatMap(({ operation }) => operation ?? []))] }
  })
}

export function worstOf(changes: readonly Pick<Change, 'impact'>[]): Impact | undefined {
  return changes.map(({ impact }) => impact).toSorted((a, b) => RANK[b] - RANK[a])[0]
}

/** Whether a change needs a listed reason. */
export function mustBeListed({ impact }: Pick<Change, 'impact'>): boolean {
  return impact === 'major' || impact === 'security'
}

/** A value for a message, shortened. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** Compares values of a contract, where the order of members has no meaning. */
export function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b)
}

/** Makes the function that makes findings of one operation, with the id `rule operationId detail`. */
export function reporter(operationId: string) {
  return (rule: string, detail: string, impact: Impact, text: string, names: readonly string[] = []): Finding => {
    return {
      id: `${rule} ${operationId}${detail === '' ? '' : ` ${detail}`}`,
      impact,
      text,
      names,
      operation: operationId,
    }
  }
}
