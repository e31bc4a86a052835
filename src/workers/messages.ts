import type { Taken, TakeUnits } from '../contract/request/rate-limits.ts'
import type { ExportedMetrics } from '../metrics/metrics.ts'
import type { GateLimits } from '../scheduling/fair-gate.ts'

/**
 * The version of these messages. After an upgrade, a reload starts new workers under an old primary; the two must
 * understand each other. Raise it with every change that the other side would misunderstand.
 */
export const PROTOCOL = 1

export type UnitsRequest = Parameters<TakeUnits>[0]

/** What a worker asks the primary for, which keeps the limits of the whole server. */
export type LimitRequest =
  | { readonly kind: 'take'; readonly ticket: number; readonly requests: readonly UnitsRequest[] }
  | {
      readonly kind: 'enter'
      readonly ticket: number
      readonly gate: string
      readonly limits: GateLimits
      readonly key: string
      readonly patienceMs: number
    }
  /** The worker waits no longer for the slot of this ticket, or is done with it. */
  | { readonly kind: 'leave'; readonly ticket: number }

export type LimitAnswer =
  | { readonly kind: 'taken'; readonly ticket: number; readonly results: readonly Taken[] }
  | { readonly kind: 'entered'; readonly ticket: number; readonly isAdmitted: boolean }

export type ToPrimary =
  | { readonly kind: 'hello'; readonly protocol: number }
  | { readonly kind: 'ready'; readonly version: string }
  /** The worker cannot start, for reasons that the operator can fix. */
  | { readonly kind: 'refused'; readonly lines: readonly string[] }
  | { readonly kind: 'metrics'; readonly exported: ExportedMetrics }
  | LimitRequest

export type ToWorker =
  | { readonly kind: 'settings'; readonly values: Readonly<Record<string, string | undefined>> }
  | { readonly kind: 'keys'; readonly keys: readonly [string, ...string[]] }
  | { readonly kind: 'database-started' }
  | { readonly kind: 'database-prepared' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'hand-over' }
  | { readonly kind: 'export-metrics' }
  | LimitAnswer
