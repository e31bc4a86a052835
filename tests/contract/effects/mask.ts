const MASKS: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/\b(nrt|nak)_[A-Za-z0-9_-]+/g, '<secret>'],
  [/\beyJ[A-Za-z0-9._-]+/g, '<secret>'],
]

/** A value without what differs from one request to the next anyway: ids, times and secrets. No effect hides in those. */
export function masked(value: unknown): unknown {
  if (typeof value === 'string') return MASKS.reduce((text, [pattern, name]) => text.replaceAll(pattern, name), value)
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member)]))
}
