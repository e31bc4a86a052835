import type { FieldError } from '../../http/problem.ts'

/** One entity tag of If-Match or If-None-Match (RFC 9110 §8.8.3), without its quotes. */
export interface EntityTag {
  readonly weak: boolean
  readonly opaque: string
}

/** What a precondition names: entity tags, or `*` for any. */
export type EntityTags = '*' | readonly EntityTag[]

/** One tag of the list. A comma may stand inside the quotes, and entries may be empty (RFC 9110 §5.6.1.2). */
const ENTRY = /[ \t,]*(W\/)?"([\x21\x23-\x7E\x80-\xFF]*)"[ \t]*(?=,|$)/gy

/** Reads a precondition of a request; undefined when it has none. */
export function readEntityTags(
  headers: Readonly<Record<string, unknown>>,
  name: 'If-Match' | 'If-None-Match',
): { readonly tags: EntityTags | undefined; readonly errors: readonly FieldError[] } {
  const header = headers[name]
  if (typeof header !== 'string') return { tags: undefined, errors: [] }
  if (header.trim() === '*') return { tags: '*', errors: [] }
  const entries = [...header.matchAll(ENTRY)]
  const rest = header.slice(entries.reduce((length, [entry]) => length + entry.length, 0))
  if (entries.length > 0 && /^[ \t,]*$/.test(rest)) {
    return { tags: entries.map(([, weak, opaque = '']) => ({ weak: weak !== undefined, opaque })), errors: [] }
  }
  const msg = 'Must be * or entity tags in double quotes, such as "1".'
  return { tags: undefined, errors: [{ loc: ['header', name], pointer: `/${name}`, msg, type: 'etag_parsing' }] }
}
