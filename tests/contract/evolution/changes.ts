import { isDeepStrictEqual } from 'node:util'
/**
 * How much a change asks of those who use the API. `security`: no client breaks, but the operation is guarded less than
 * it was, which must never happen unseen.
 */
export type Impact = 'major' | 'security' | 'minor' | 'patch'

const RANK: Readonly<Record<Impact, number>> = { patch: 0, minor: 1, security: 2, major: 3 }

/** One difference between two contracts, whichever operations it concerns. */
export interface Change {
  readonly impact: Impact
  /** Rule and place, such as `request/maxLength /components/schemas/NoteCreate/properties/title`. */
  readonly id: string
  /** What happened, for a person. */
  readonly text: string
  readonly operations: readonly string[]
  /** What the changelog has to name: a field, a parameter, a status. */
  readonly names: readonly string[]
}

/** A change as it is found, in one operation; the same one may be found in many. */
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

/** Changes that nobody may make without saying why. */
export function mustBeListed({ impact }: Pick<Change, 'impact'>): boolean {
  return impact === 'major' || impact === 'security'
}

/** A value in a message: short, whatever it is. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** In a contract the order of members says nothing. */
export function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b)
}

/** Findings of one operation: `rule operationId detail`. */
export function teller(operationId: string) {
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
