import type { Seen, Traffic } from './seen.ts'

/** A sentence of the contract that holds for all traffic. */
export interface Invariant {
  readonly title: string
  /** What it must have judged in a whole run, each as `operation status` or the like; read from the contract. */
  readonly concerns: readonly string[]
  readonly judge: (traffic: Traffic, hold: Hold) => void
}

/** Tells that a concern was judged, and what is wrong when it does not hold. */
export type Hold = (concern: string, where: Where, isRight: boolean, fault: string) => void

/** An exchange, or whatever else can be pointed at. */
export type Where = Pick<Seen, 'operationId' | 'status'> | string

export interface Verdict {
  readonly findings: readonly string[]
  /** The concerns for which there was nothing to judge. */
  readonly unjudged: readonly string[]
}

export function judge({ title, concerns, judge: run }: Invariant, traffic: Traffic): Verdict {
  const judged = new Set<string>()
  const findings: string[] = []
  run(traffic, (concern, where, isRight, fault) => {
    judged.add(concern)
    const place = typeof where === 'string' ? where : `${where.operationId} ${where.status}`
    if (!isRight) findings.push(`${title}: ${place}: ${fault}`)
  })
  return { findings, unjudged: concerns.filter((concern) => !judged.has(concern)) }
}

/** Answers of our own handlers. */
export function ours({ seen }: Traffic): Seen[] {
  return seen.filter(({ server }) => !server.isOverridden)
}

/** Those of servers whose rows only they themselves write, so that one answer can be held against another. */
export function truthful(traffic: Traffic): Seen[] {
  // A process may have been killed before it had written what it answered.
  return ours(traffic).filter(({ server }) => !server.isRewritten && !server.isProcess)
}
