import type { Pairs } from './parameters.ts'

/** Parameters that are not copied: the next page states its size, which may be a default here, and where it begins. */
const PLACES: ReadonlySet<string> = new Set(['limit', 'cursor', 'skip'])

/** The value of Link (RFC 8288) for the next page: the same request with its page size and another cursor. */
export function nextLink(
  template: string,
  encodedParams: Readonly<Record<string, string>>,
  { pairs, limit }: { readonly pairs: Pairs; readonly limit: unknown },
  cursor: string,
): string {
  const path = template.replace(/\{([^}]+)\}/g, (_, name: string) => encodedParams[name] ?? '')
  const query = new URLSearchParams({ limit: String(limit) })
  for (const [name, values] of pairs) {
    if (!PLACES.has(name)) for (const value of values) query.append(name, value)
  }
  query.append('cursor', cursor)
  return `<${path}?${query.toString()}>; rel="next"`
}
