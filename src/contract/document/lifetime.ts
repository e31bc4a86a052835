import type { JsonObject } from './document.ts'

/** Empty unless the operation is deprecated. */
export type LifetimeHeaders = Readonly<Record<string, string>>

/** The minimum time between the deprecation of an operation and its sunset. */
const MIN_MONTHS = 6

/**
 * The headers that a deprecated operation sends with every reply: since when it is deprecated (RFC 9745), and when it
 * may be removed (RFC 8594). Throws if the document does not state both dates, or leaves clients too little time.
 */
export function readLifetime(operation: JsonObject, operationId: string): LifetimeHeaders {
  const [since, sunset] = [operation['x-deprecated-since'], operation['x-sunset']]
  if (operation['deprecated'] !== true) {
    if (since === undefined && sunset === undefined) return {}
    throw new Error(`${operationId} has deprecation dates, but is not deprecated`)
  }
  const [start, end] = [readDate(since), readDate(sunset)]
  if (start === undefined)
    throw new Error(`${operationId} is deprecated; x-deprecated-since must give the date (YYYY-MM-DD)`)
  if (end === undefined)
    throw new Error(`${operationId} is deprecated; x-sunset must give the date of its removal (YYYY-MM-DD)`)
  const earliest = new Date(start)
  earliest.setUTCMonth(earliest.getUTCMonth() + MIN_MONTHS)
  if (end < earliest)
    throw new Error(`${operationId} must remain for ${MIN_MONTHS} months after its deprecation; x-sunset is too early`)
  return { Deprecation: `@${start.getTime() / 1000}`, Sunset: end.toUTCString() }
}

/** The beginning of a day in UTC; undefined if the value is not a date. */
function readDate(value: unknown): Date | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return undefined
  const date = new Date(`${value}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value) ? date : undefined
}
