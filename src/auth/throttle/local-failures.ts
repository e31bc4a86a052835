import {
  type Counted,
  countedNames,
  type FailurePolicies,
  type FailurePolicy,
  type LoginKeys,
} from './login-failures.ts'

/** The counters of `login_failures` in the memory of this process, for use while the database cannot count. */
export interface LocalFailures {
  /** How long this login is still blocked, in seconds. */
  readonly wait: (keys: LoginKeys, isKnown: boolean) => number
  readonly count: (keys: LoginKeys, policies: FailurePolicies, isKnown: boolean) => Counted[]
  readonly forget: (key: Buffer) => void
}

interface Counter {
  readonly failures: number
  /** These three are seconds of the monotonic clock. */
  readonly updatedAt: number
  readonly blockedUntil: number
  readonly expiresAt: number
}

/** Beyond this, a new counter replaces the one that was updated least recently. */
const MAX_COUNTERS = 10_000

export function createLocalFailures(clock: () => number = () => performance.now() / 1_000): LocalFailures {
  const counters = new Map<string, Counter>()

  const countOne = (id: string, policy: FailurePolicy): Counted => {
    const time = clock()
    const last = counters.get(id)
    const next = increased(last, policy, time)
    counters.delete(id)
    counters.set(id, next)
    for (const oldest of counters.keys()) {
      if (counters.size <= MAX_COUNTERS) break
      counters.delete(oldest)
    }
    return { was_blocked: (last?.blockedUntil ?? 0) > time, wait: next.blockedUntil - time }
  }

  return {
    wait: (keys, isKnown) => {
      if (counters.size === 0) return 0
      const time = clock()
      return Math.max(
        0,
        ...countedNames(isKnown).map((name) => (counters.get(idOf(keys[name]))?.blockedUntil ?? 0) - time),
      )
    },
    count: (keys, policies, isKnown) => countedNames(isKnown).map((name) => countOne(idOf(keys[name]), policies[name])),
    forget: (key) => void counters.delete(idOf(key)),
  }
}

function increased(
  last: Counter | undefined,
  { free, maxSeconds, leakSeconds, forgetSeconds = 0 }: FailurePolicy,
  time: number,
): Counter {
  const leaked = last === undefined || leakSeconds === undefined ? 0 : (time - last.updatedAt) / leakSeconds
  const failures = 1 + (last === undefined || last.expiresAt <= time ? 0 : Math.max(0, last.failures - leaked))
  const beyond = Math.ceil(failures) - free
  const block = beyond < 0 ? 0 : Math.min(maxSeconds, 2 ** Math.min(30, beyond))
  const memory = Math.max(maxSeconds, leakSeconds === undefined ? forgetSeconds : failures * leakSeconds)
  return { failures, updatedAt: time, blockedUntil: time + block, expiresAt: time + memory }
}

function idOf(key: Buffer): string {
  return key.toString('base64')
}
