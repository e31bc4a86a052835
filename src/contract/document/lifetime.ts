import type { JsonObject } from './document.ts'

/** Empty as long as an operation is not deprecated. */
export type LifetimeHeaders = Readonly<Record<string, string>>

/** How long clients have at least between hearing of a deprecation and the day it ends. */
const LEAST_MONTHS = 6

/**
 * What a deprecated operation tells with every reply: since when it is deprecated (RFC 9745) and when it may stop to
 * answer (RFC 8594). Throws when the document does not say both, or leaves its clients too little time.
 */
export function readLifetime(operation: JsonObject, operationId: string): LifetimeHeaders {
  const [since, sunset] = [operation['x-deprecated-since'], operation['x-sunset']]
  if (operation['deprecated'] !== true) {
    if (since === undefined && sunset === undefined) return {}
    throw new Error(`${operationId} has a date of its end, but is not deprecated`)
  }
  const [start, end] = [readDate(since), readDate(sunset)]
  if (start === undefined)
    throw new Error(`${operationId} is deprecated; x-deprecated-since must say since which day (YYYY-MM-DD)`)
  if (end === undefined)
    throw new Error(`${operationId} is deprecated; x-sunset must say which day it may end (YYYY-MM-DD)`)
  const earliest = new Date(start)
  earliest.setUTCMonth(earliest.getUTCMonth() + LEAST_MONTHS)
  if (end < earliest)
    throw new Error(
      `${operationId} must be there for ${LEAST_MONTHS} months after it was deprecated; x-sunset is too early`,
    )
  return { Deprecation: `@${start.getTime() / 1000}`, Sunset: end.toUTCString() }
}

/** The beginning of a day in UTC; undefined for what is no day. */
function readDate(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return undefined
  const date = new Date(`${value}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value) ? date : undefined
}
