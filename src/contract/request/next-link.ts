import type { Pairs } from './parameters.ts'

/** Where a page begins; the next one begins at its own cursor. */
const PLACES: ReadonlySet<string> = new Set(['cursor', 'skip'])

/** The value of Link (RFC 8288) for the page after this one: the request as it came, with another cursor. */
export function nextLink(
  template: string,
  encodedParams: Readonly<Record<string, string>>,
  pairs: Pairs,
  cursor: string,
): string {
  const path = template.replace(/\{([^}]+)\}/g, (_, name: string) => encodedParams[name] ?? '')
  const query = new URLSearchParams()
  for (const [name, values] of pairs) {
    if (!PLACES.has(name)) for (const value of values) query.append(name, value)
  }
  query.append('cursor', cursor)
  return `<${path}?${query.toString()}>; rel="next"`
}
