import type { AddressOf } from '../../http/public-address.ts'
import type { Pairs } from './parameters.ts'

/**
 * Not copied: the link states the page size, even if it was a default, and begins at another cursor. The items of all
 * pages need not be counted again on each.
 */
const PAGE_PARAMETERS: ReadonlySet<string> = new Set(['limit', 'cursor', 'skip', 'count'])

/** The value of Link (RFC 8288) for the next page: the same request with its page size and another cursor. */
export function nextLink(
  template: string,
  params: Readonly<Record<string, unknown>>,
  { pairs, limit }: { readonly pairs: Pairs; readonly limit: unknown },
  cursor: string,
  addressOf: AddressOf,
): string {
  const path = template.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
  const query = new URLSearchParams({ limit: String(limit) })
  for (const [name, values] of pairs) {
    if (!PAGE_PARAMETERS.has(name)) for (const value of values) query.append(name, value)
  }
  query.append('cursor', cursor)
  return `<${addressOf(`${path}?${query.toString()}`)}>; rel="next"`
}
