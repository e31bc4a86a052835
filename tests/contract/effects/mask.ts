const MASKS: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/\b(nrt|nak)_[A-Za-z0-9_-]+/g, '<secret>'],
  [/\beyJ[A-Za-z0-9._-]+/g, '<secret>'],
]

/** A value without ids, times and secrets: these differ between two requests anyway, so they show no effect. */
export function masked(value: unknown): unknown {
  if (typeof value === 'string') return MASKS.reduce((text, [pattern, name]) => text.replaceAll(pattern, name), value)
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member)]))
}

/** A value of a request or an answer as one line. */
export function toText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
